"""Likelihoods: p(x given z) as a density over images in [0, 1], with every constant kept."""

from __future__ import annotations

import math
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from latente.errors import UserError
from latente.model.choice import Choice
from latente.model.numerics import bounded

Tensor = Any

MIN_STD = 1 / 510
"""Learned scales stop at half a grey level: 8-bit data hold no finer detail, and a density there has no bound."""


class Likelihood(Choice):
    """Axis: the distribution of an image ``(batch, H, W, C)`` given what the decoder puts out for it."""

    def channels(self, image_channels: int) -> int:
        """How many numbers per pixel the decoder must put out."""
        return image_channels

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
                f"{low:g} and a maximum of {high:g} in {images.dtype} images. Scale the images, or pass them as uint8."
            )

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """log p(x given z) in nats, summed over pixels and channels: ``(batch,)``."""
        raise NotImplementedError

    def mean(self, parameters: Tensor) -> Tensor:
        """E[x given z], ``(batch, H, W, C)``."""
        raise NotImplementedError

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw one image per example, ``(batch, H, W, C)``."""
        raise NotImplementedError


class Bernoulli(Likelihood):
    """Independent coin flips per pixel, from logits: binary cross-entropy, as in the lesson.

    On grey levels, as in the lesson, this is the cross-entropy against the grey level as a probability; it is a
    proper density only on binary images (``data.binarize``).
    """

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """x log p + (1 - x) log(1 - p) = x * logit - softplus(logit)."""
        return ops.sum(x * parameters - ops.softplus(parameters), axis=(1, 2, 3))

    def mean(self, parameters: Tensor) -> Tensor:
        """The probability of each pixel."""
        return ops.sigmoid(parameters)

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Images of zeros and ones."""
        uniform = keras.random.uniform(ops.shape(parameters), seed=seed)
        return ops.cast(uniform < ops.sigmoid(parameters), "float32")


class Gaussian(Likelihood):
    """A Gaussian per pixel around the decoder's output.

    Args:
        std: Standard deviation in units of the pixel range; where it is learned, its value at the start.
        scale: 'fixed' keeps std; 'global' learns one for all pixels (sigma-VAE, Rybkin et al. 2021); 'pixel' lets
            the decoder put one out for each pixel and channel.
    """

    def __init__(self, std: float = 0.1, scale: Literal["fixed", "global", "pixel"] = "fixed", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not MIN_STD <= std < float("inf"):
            raise UserError(f"Gaussian needs std of at least 1/510, half a grey level. Received {std}.")
        if scale not in ("fixed", "global", "pixel"):
            raise UserError(f"scale must be fixed, global or pixel. Received {scale!r}.")
        self.std = std
        self.scale = scale
        if scale == "global":
            start = keras.initializers.Constant(math.log(std))
            self.log_std = self.add_weight(shape=(), initializer=start, dtype="float32", name="log_std")

    def channels(self, image_channels: int) -> int:
        """One mean per channel, and one scale when it is learned per pixel."""
        return 2 * image_channels if self.scale == "pixel" else image_channels

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """Sum over pixels of the Gaussian log-density."""
        mean, log_std = self._split(parameters)
        squared = ops.square((x - mean) * ops.exp(-log_std))
        return -ops.sum(0.5 * squared + log_std + 0.5 * math.log(2 * math.pi), axis=(1, 2, 3))

    def mean(self, parameters: Tensor) -> Tensor:
        """The decoder's output itself; it may leave [0, 1] a little."""
        return self._split(parameters)[0]

    def sample(self, parameters: Tensor, seed: keras.random.SeedGenerator) -> Tensor:
        """Mean plus Gaussian noise."""
        mean, log_std = self._split(parameters)
        return mean + ops.exp(log_std) * keras.random.normal(ops.shape(mean), dtype="float32", seed=seed)

    def _split(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        if self.scale == "pixel":
            mean, log_std = ops.split(parameters, 2, axis=-1)
            log_std = log_std + math.log(self.std)
        elif self.scale == "global":
            mean, log_std = parameters, ops.convert_to_tensor(self.log_std)
        else:
            return parameters, ops.convert_to_tensor(math.log(self.std), dtype="float32")
        return mean, bounded(log_std, math.log(MIN_STD), math.inf)
