"""Pictures of the latent space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from latente.figures.colours import palette
from latente.figures.files import PlainFigure
from latente.figures.grids import draw, tile
from latente.language import tr


def latent_map(
    points: np.ndarray,
    labels: np.ndarray | None = None,
    class_names: Sequence[str] | None = None,
    axes_names: tuple[str, str] = ("z 0", "z 1"),
    title: str = "",
) -> Figure:
    """Codes in two dimensions, coloured by label.

    Args:
        points: ``(n, 2)``.
        labels: Class of each point, or none.
        class_names: Name of each class.
        axes_names: Names of the two axes.
        title: Title of the figure.
    """
    figure = PlainFigure(figsize=(8, 6.5), layout="constrained")
    axes = figure.add_subplot()
    style: dict[str, Any] = {"s": 4, "alpha": 0.6, "linewidths": 0}
    if labels is None:
        axes.scatter(*points.T, **style)
    else:
        classes = np.unique(labels)
        for label, colour in zip(classes, palette(len(classes)), strict=True):
            name = class_names[label] if class_names else str(label)
            axes.scatter(*points[labels == label].T, color=colour, label=name, **style)
        if len(classes) <= 30:
            axes.legend(fontsize=8, markerscale=3, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    axes.set_xlabel(axes_names[0])
    axes.set_ylabel(axes_names[1])
    axes.set_title(title, fontsize=10)
    axes.set_aspect("equal", adjustable="datalim")
    return figure


def manifold(images: np.ndarray, quantiles: Sequence[float], title: str = "") -> Figure:
    """The plane of a two-dimensional latent space, decoded (Kingma & Welling 2014, figure 4).

    Args:
        images: ``(len(quantiles)**2, H, W, C)``, row by row from the top.
        quantiles: Levels of N(0, 1) at which both latents were taken.
        title: Title of the figure.
    """
    n = len(quantiles)
    figure = PlainFigure(figsize=(8, 8), layout="constrained")
    axes = figure.add_subplot()
    draw(tile(images, columns=n), axes, extent=(-0.5, n - 0.5, n - 0.5, -0.5))
    names = [f"{level:.2f}" for level in quantiles]
    axes.set_xticks(range(n), names, fontsize=7)
    axes.set_yticks(range(n), names[::-1], fontsize=7)
    axes.set_xlabel(tr("z {i}, quantile of N(0, 1)", i=0))
    axes.set_ylabel(tr("z {i}, quantile of N(0, 1)", i=1))
    axes.set_title(title, fontsize=10)
    return figure
