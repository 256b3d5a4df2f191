"""Pixels as numbers in [0, 1], and what their rounding leaves of a difference."""

from __future__ import annotations

import numpy as np

RESOLUTION = 1e-6
"""What float32 can tell apart, relative to the size of a number, with some room for rounding."""


def unit_pixels(images: np.ndarray) -> np.ndarray:
    """Images as float32 in [0, 1]: uint8 is divided by 255, floats stay as they are."""
    images = np.asarray(images)
    return images.astype("float32") / np.float32(255) if images.dtype == np.uint8 else images.astype("float32")
