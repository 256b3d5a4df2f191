"""Writing figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

from matplotlib.figure import Figure
from matplotlib.text import Text

from latente.errors import UserError
from latente.files import written_whole


class PlainFigure(Figure):
    """A figure that shows the names of runs, classes and files as they are, also where they hold dollar signs.

    Matplotlib would take what stands between two of them for a formula, and fail where it is none.
    """

    def draw(self, renderer: Any) -> None:
        """Tell every text, then draw."""
        for each in self.findobj(Text):
            each.set_parse_math(False)
        super().draw(renderer)


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all, and return its path.

    Raises:
        UserError: The path cannot be written.
    """
    if path.suffix.lower() != ".png":
        raise UserError(f"Pictures are written as PNG. Received {path}: name a file that ends in .png.")
    with written_whole(path) as temporary:
        write_png(figure, temporary)
    return path


def write_png(figure: Figure, file: Path | BinaryIO) -> None:
    """Write a figure as PNG."""
    figure.savefig(file, format="png", dpi=120, bbox_inches="tight")
