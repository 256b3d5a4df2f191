"""Sharpness: how much the pixels of an image set differ from their neighbours."""

from __future__ import annotations

import numpy as np

from latente.errors import UserError
from latente.pixels import unit_scale

BLANK = 1e-12
"""What the rounding of float32 pixels alone may leave; a grey level of 256, once in 10^8 pixels, gives more."""


def laplacian_variance(images: np.ndarray) -> float:
    """The variance of the Laplacian of an image set (the focus measure of Pech-Pacheco et al. 2000).

    The Laplacian of a pixel is the sum of its four neighbours minus four times itself, with pixels in [0, 1]; the
    variance is over the inner pixels and channels of all images together.

    Args:
        images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)`` with sides of at least 3 pixels.

    Raises:
        UserError: There are no images, or they are too small.
    """
    x = unit_scale(images)
    if x.ndim != 4 or len(x) == 0 or min(x.shape[1:3]) < 3:
        raise UserError(f"Sharpness needs images (n, H, W, C) of at least 3 x 3 pixels. Received {x.shape}.")
    inner = x[:, 1:-1, 1:-1]
    around = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    return float((around - 4 * inner).var(dtype="float64"))


def sharpness(images: np.ndarray, real: np.ndarray) -> float:
    """The Laplacian variance of images relative to that of real ones: 1 is as sharp, below 1 is blurred.

    Args:
        images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
        real: Real images of the same size, scaled in either way.

    Raises:
        UserError: There are no images, they are too small, or the real ones are blank.
    """
    reference = laplacian_variance(real)
    if reference <= BLANK:
        raise UserError("Sharpness needs real images that show something. Received blank ones.")
    return laplacian_variance(images) / reference
