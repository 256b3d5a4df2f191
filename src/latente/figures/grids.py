"""Images side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latente.figures.files import PlainFigure
from latente.language import shown
from latente.pixels import unit_scale

TARGET_WIDTH = 8.0
"""Inches."""


def tile(images: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Arrange images in a grid, row by row, with white gaps.

    Args:
        images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)`` with 1 or 3 channels.
        columns: Images in a row; a square grid by default.

    Returns:
        One image, float in [0, 1], ``(height, width, C)``.
    """
    images = unit_scale(images)
    n, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(n))
    lines = math.ceil(n / columns)
    gap = gap_of(width)
    sheet = np.ones((lines * (height + gap) - gap, columns * (width + gap) - gap, channels), "float32")
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def draw(image: np.ndarray, axes: Axes, **options: Any) -> None:
    """Draw an image ``(H, W, C)`` in [0, 1]; the options are those of ``imshow``."""
    axes.imshow(image.squeeze(-1) if image.shape[-1] == 1 else image, cmap="gray", vmin=0, vmax=1, **options)


def gap_of(width: int) -> int:
    """Pixels between images of a width."""
    return max(1, width // 14)


def grid(images: np.ndarray, columns: int | None = None, title: str = "", names: Sequence[str] = ()) -> Figure:
    """Images ``(n, H, W, C)`` in a grid under a title, with names of the columns below."""
    figure, axes = _sheet(tile(images, columns), title)
    if names:
        _show_ticks(axes)
        _name_columns(axes, images.shape[2], names)
    return figure


def rows(
    images: Mapping[str, np.ndarray], title: str = "", columns: Sequence[str] = (), column_title: str = ""
) -> Figure:
    """Rows of images, each with its name at the left, and names of the columns below.

    Args:
        images: Name of a row to its images ``(n, H, W, C)``; all rows have the same n.
        title: Title of the figure.
        columns: Names of the columns, or none.
        column_title: What the names of the columns are.
    """
    stack = list(images.values())
    n, height, width, _ = stack[0].shape
    gap = gap_of(width)
    figure, axes = _sheet(tile(np.concatenate(list(map(unit_scale, stack))), columns=n), title)
    _show_ticks(axes)
    axes.set_yticks([i * (height + gap) + height / 2 for i in range(len(stack))], list(map(shown, images)))
    _name_columns(axes, width, columns)
    axes.set_xlabel(column_title, fontsize=8)
    return figure


def _show_ticks(axes: Axes) -> None:
    """Names, and nothing else of the axes."""
    axes.set_axis_on()
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0, labelsize=8)
    axes.set_yticks([])


def _name_columns(axes: Axes, width: int, names: Sequence[str]) -> None:
    """Long names stand upright, so that they do not run into each other."""
    places = [i * (width + gap_of(width)) + width / 2 for i in range(len(names))]
    axes.set_xticks(places, names, rotation=90 if max(map(len, names), default=0) > 6 else 0)


def _sheet(sheet: np.ndarray, title: str) -> tuple[Figure, Axes]:
    height, width = sheet.shape[:2]
    figure = PlainFigure(figsize=(TARGET_WIDTH, TARGET_WIDTH * height / width + 0.7), layout="constrained")
    axes = figure.add_subplot()
    draw(sheet, axes)
    axes.set_title(title, fontsize=10)
    axes.set_axis_off()
    return figure, axes
