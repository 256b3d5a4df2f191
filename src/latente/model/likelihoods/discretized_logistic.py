"""The discretized logistic mixture: probabilities for the 256 levels of 8-bit images."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from latente.errors import UserError
from latente.model.axes import Likelihood, Seed, Tensor
from latente.model.numerics import bounded, floored, log1mexp

HALF_BIN = 1 / 255
"""Half the distance between two levels, on the scale from -1 to 1."""
LOG_SCALE_BOUND = 7.0
"""exp(-7) is a ninth of a grey level, as in PixelCNN++; exp(7) is flat over all levels."""


class DiscretizedLogistic(Likelihood):
    """Probabilities of 8-bit levels from a mixture of logistic distributions (PixelCNN++, Salimans et al. 2017).

    A level has the probability of the interval that rounds to it, and the first and the last level have all that lies
    beyond (eq. 2 there). The channels of a pixel share the component of the mixture, so that colours go together; the
    further dependence of green on red and of blue on both is left out, since the mean has no closed form with it.

    The decoder puts out, per pixel, a location and a log-scale for each channel and component, on a scale from -1 to 1,
    and a logit for each component where there are several.

    Args:
        mixtures: Components of the mixture, at least 1.
    """

    def __init__(self, mixtures: int = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if mixtures < 1:
            raise UserError(f"mixtures must be at least 1. Received {mixtures}.")
        self.mixtures = mixtures

    def channels(self, image_channels: int) -> int:
        """Two per channel and component, and one per component where there are several."""
        return self.mixtures * (2 * image_channels + (self.mixtures > 1))

    def check(self, images: np.ndarray) -> None:
        """Refuse images with anything between the levels k / 255, which has no probability here.

        Raises:
            UserError: A pixel lies between two levels, outside [0, 1], or is not a number.
        """
        super().check(images)
        if images.dtype == np.uint8:
            return
        levels = images.astype("float32") * 255
        between = np.abs(levels - np.rint(levels)) > 0.01
        if between.any():
            raise UserError(
                f"{type(self).__name__} needs 8-bit images: uint8, or floats that are multiples of 1/255. Received "
                f"{between.mean():.0%} of the pixels between these, such as {images[between][0]:g}. Pass the images as "
                f"uint8, or choose a density: likelihood ContinuousBernoulli, Gaussian or Laplace."
            )

    def is_probability(self, images: np.ndarray) -> bool:
        """Of all images that ``check`` lets pass."""
        return True

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """Sum over pixels of the logarithm of eq. 2 of Salimans et al. (2017).

        With s the sigmoid, s(high) - s(low) = s(high) s(-low) (1 - exp(low - high)), which cancels nothing.
        """
        log_weights, location, log_scale = self._split(parameters)
        level = ops.expand_dims(2 * x - 1, -1)
        high = (level + HALF_BIN - location) * ops.exp(-log_scale)
        low = (level - HALF_BIN - location) * ops.exp(-log_scale)
        log_below, log_above = -ops.softplus(-high), -ops.softplus(low)
        inside = log_below + log_above + log1mexp(2 * HALF_BIN * ops.exp(-log_scale))
        log_level = ops.where(level < HALF_BIN - 1, log_below, ops.where(level > 1 - HALF_BIN, log_above, inside))
        log_pixel = ops.logsumexp(log_weights + ops.sum(log_level, axis=-2), axis=-1)
        return ops.sum(log_pixel, axis=(1, 2))

    def mean(self, parameters: Tensor) -> Tensor:
        """The mean before rounding to levels, which shifts it by a sixth of a level at most."""
        log_weights, location, log_scale = self._split(parameters)
        scale = ops.exp(log_scale)
        # The mean of a logistic variable cut to [-1, 1]: the integral of its distribution function.
        beyond = [ops.softplus(-ops.abs(location - edge) / scale) for edge in (-1.0, 1.0)]
        mean = ops.clip(location, -1.0, 1.0) + scale * (beyond[0] - beyond[1])
        return 0.5 + 0.5 * ops.sum(ops.exp(ops.expand_dims(log_weights, -2)) * mean, axis=-1)

    def sample(self, parameters: Tensor, seed: Seed) -> Tensor:
        """A component for each pixel, a logistic number for each channel, rounded to its level k / 255."""
        log_weights, location, log_scale = self._split(parameters)
        component = keras.random.categorical(ops.reshape(log_weights, (-1, self.mixtures)), 1, seed=seed)
        chosen = ops.one_hot(ops.reshape(component, (-1, *parameters.shape[1:3])), self.mixtures)
        location, log_scale = (ops.sum(ops.expand_dims(chosen, -2) * each, axis=-1) for each in (location, log_scale))
        uniform = keras.random.uniform(ops.shape(location), minval=1e-6, maxval=1 - 1e-6, dtype="float32", seed=seed)
        drawn = location + ops.exp(log_scale) * (ops.log(uniform) - ops.log1p(-uniform))
        return ops.round(255 * ops.clip(0.5 + 0.5 * drawn, 0.0, 1.0)) / 255

    def _split(self, parameters: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Log-weights ``(batch, H, W, mixtures)``; locations and log-scales ``(batch, H, W, C, mixtures)``."""
        channels = parameters.shape[-1] // (2 * self.mixtures)
        parts = 2 * channels * self.mixtures
        both = ops.reshape(parameters[..., :parts], (-1, *parameters.shape[1:3], 2, channels, self.mixtures))
        location = both[..., 0, :, :]
        log_scale = floored(bounded(both[..., 1, :, :], -math.inf, LOG_SCALE_BOUND), -LOG_SCALE_BOUND)
        if self.mixtures == 1:
            return ops.zeros_like(parameters[..., :1]), location, log_scale
        return ops.log_softmax(parameters[..., parts:], axis=-1), location, log_scale
