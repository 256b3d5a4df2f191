"""Many small images in one PNG."""

from __future__ import annotations

import numpy as np

from latente.pixels import byte_scale, png
from latente.report.page import png_address


def sheet(images: np.ndarray, columns: int) -> str:
    """Images row by row without gaps, as the address of an image that holds their PNG.

    Args:
        images: Grey or colour, uint8 or floats in [0, 1], ``(n, H, W, C)``; the last row may be incomplete.
        columns: Images in a row.
    """
    n, height, width, channels = images.shape
    lines = -(-n // columns)
    cells = np.zeros((lines * columns, height, width, channels), "uint8")
    cells[:n] = byte_scale(images)
    rows = cells.reshape(lines, columns, height, width, channels).swapaxes(1, 2)
    return png_address(png(rows.reshape(lines * height, columns * width, channels), optimize=True))
