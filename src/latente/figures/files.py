"""Writing figures."""

from __future__ import annotations

import os
from pathlib import Path

from matplotlib.figure import Figure

from latente.errors import UserError


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all, and return its path.

    Raises:
        UserError: The path cannot be written.
    """
    temporary = path.with_name(f".{path.name}.writing")
    try:
        figure.savefig(temporary, format="png", dpi=120, bbox_inches="tight")
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Choose another path.") from None
    return path
