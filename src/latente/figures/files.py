"""Writing figures."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from latente.errors import UserError
from latente.files import written_whole


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all, and return its path.

    Raises:
        UserError: The path cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"Pictures are written as PNG. Received {path}: name a file that ends in .png.")
    with written_whole(path) as temporary:
        figure.savefig(temporary, format="png", dpi=120, bbox_inches="tight")
    return path
