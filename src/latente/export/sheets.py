"""Many small images in one PNG."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image


def sheet(images: np.ndarray, columns: int) -> str:
    """Images ``(n, H, W, C)`` in [0, 1], row by row without gaps, as the address of an image that holds its PNG.

    Args:
        images: Grey or colour; the last row may be incomplete.
        columns: Images in a row.
    """
    n, height, width, channels = images.shape
    lines = -(-n // columns)
    cells = np.zeros((lines * columns, height, width, channels), "uint8")
    cells[:n] = np.rint(255 * np.clip(images, 0, 1))
    rows = cells.reshape(lines, columns, height, width, channels).swapaxes(1, 2)
    pixels = rows.reshape(lines * height, columns * width, channels)
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if channels == 1 else pixels).save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
