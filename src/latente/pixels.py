"""Pixels as numbers: their two scales, mixtures of them, and what rounding leaves of a difference."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image

RESOLUTION = 1e-6
"""What float32 can tell apart, relative to the size of a number, with some room for rounding."""


def unit_scale(images: np.ndarray) -> np.ndarray:
    """Images as float32 in [0, 1]: uint8 is divided by 255, floats stay as they are."""
    images = np.asarray(images)
    return images.astype("float32") / np.float32(255) if images.dtype == np.uint8 else images.astype("float32")


def byte_scale(images: np.ndarray) -> np.ndarray:
    """Images as uint8: floats in [0, 1] are rounded to the nearest of 256 levels, and clipped; uint8 stays as it is."""
    images = np.asarray(images)
    return images if images.dtype == np.uint8 else np.rint(255 * np.clip(images, 0, 1)).astype("uint8")


def png(image: np.ndarray, **options: Any) -> bytes:
    """An image ``(H, W, C)`` of 1 or 3 channels, uint8 or floats in [0, 1], as a PNG file; the options are Pillow's."""
    levels = byte_scale(image)
    stream = io.BytesIO()
    Image.fromarray(levels.squeeze(-1) if levels.shape[-1] == 1 else levels).save(stream, "PNG", **options)
    return stream.getvalue()


def cross_fade(starts: np.ndarray, ends: np.ndarray, frames: int) -> np.ndarray:
    """Mixtures of the pixels of pairs of images: smooth as an interpolation is, and its middle shows two ghosts.

    Args:
        starts: First images, uint8 in [0, 255] or floats in [0, 1], ``(pairs, H, W, C)``.
        ends: Last images, likewise.
        frames: How many images, both ends included.

    Returns:
        ``(pairs, frames, H, W, C)``, float32 in [0, 1].
    """
    t = np.linspace(0, 1, frames, dtype="float32")[:, None, None, None]
    return (1 - t) * unit_scale(starts)[:, None] + t * unit_scale(ends)[:, None]
