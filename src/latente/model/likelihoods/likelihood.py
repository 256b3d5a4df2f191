"""The axis of the likelihoods: what each of them says about images."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from latente.errors import UserError
from latente.model.choice import Choice

Tensor = Any

MIN_STD = 1 / 510
"""Learned scales stop at half a grey level: 8-bit data hold no finer detail, and a density there has no bound."""


class Likelihood(Choice):
    """Axis: the distribution of an image ``(batch, H, W, C)`` given what the decoder puts out for it.

    The decoder's output, ``(batch, H, W, channels(C))`` in float32, is called ``parameters`` throughout; each
    likelihood says how it reads them. Images ``x`` are float32 in [0, 1].
    """

    def channels(self, image_channels: int) -> int:
        """How many numbers per pixel the decoder must put out."""
        return image_channels

    @property
    def unbounded(self) -> bool:
        """Whether the decoder's numbers may be any, such as logits; where not, they may be means in [0, 1]."""
        return True

    def check(self, images: np.ndarray) -> None:
        """Refuse images that are not a finite number in [0, 1] everywhere (uint8 is scaled by the model itself).

        Raises:
            UserError: A pixel lies outside, or is not a number.
        """
        if images.dtype == np.uint8 or images.size == 0:
            return
        low, high = float(images.min()), float(images.max())
        if not (low >= 0.0 and high <= 1.0):
            raise UserError(
                f"{type(self).__name__} needs pixels in [0, 1], or uint8 images in [0, 255]. Received a minimum of "
                f"{low:g} and a maximum of {high:g} in {images.dtype} images. {_remedy(low, high)}"
            )

    def is_probability(self, images: np.ndarray) -> bool:
        """Whether exp(log_prob) of these images is a probability, which bits can count, and not a density.

        Args:
            images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
        """
        return False

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """log p(x given z) in nats, summed over pixels and channels: ``(batch,)``."""
        raise NotImplementedError

    def mean(self, parameters: Tensor) -> Tensor:
        """E[x given z], ``(batch, H, W, C)``."""
        raise NotImplementedError

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw one image per example, ``(batch, H, W, C)``."""
        raise NotImplementedError


def _remedy(low: float, high: float) -> str:
    """What brings pixels of such a range to [0, 1]."""
    if not math.isfinite(low + high):
        return "Find the images with pixels that are no numbers, and drop or mend them."
    if low >= 0 and high <= 255:
        return 'Divide them by 255, or pass them as uint8: x.astype("uint8").'
    if low >= -1 and high <= 1:
        return "Shift them from [-1, 1]: (x + 1) / 2."
    return "Scale the images, or pass them as uint8."
