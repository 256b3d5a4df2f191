"""Figures: arrays in, matplotlib figures out."""

from latente.figures.curves import curves
from latente.figures.files import save_figure
from latente.figures.grids import grid, rows
from latente.figures.latent import latent_map, manifold

__all__ = ["curves", "grid", "latent_map", "manifold", "rows", "save_figure"]
