"""Densities around the decoder's output, with a fixed or learned scale: one shape of noise each."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from latente.errors import UserError
from latente.model.axes import Likelihood, Seed, Tensor
from latente.model.numerics import MIN_STD, floored


class LocationScale(Likelihood):
    """What Gaussian and Laplace share: x = mean + std * noise, with noise of mean 0 and variance 1.

    A learned scale follows the ELBO's gradient like any weight. Rybkin et al. (2021) also set the 'global' one to its
    optimum in closed form, the root of the mean squared error; training gets there by itself, and p(x given z) does
    not depend on the other images of the batch, so that a likelihood means the same in training and evaluation.
    """

    def __init__(self, std: float = 0.1, scale: Literal["fixed", "global", "pixel"] = "fixed", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not MIN_STD <= std < float("inf"):
            raise UserError(f"{type(self).__name__} needs std of at least 1/510, half a grey level. Received {std}.")
        if scale not in ("fixed", "global", "pixel"):
            raise UserError(f"scale must be fixed, global or pixel. Received {scale!r}.")
        self.std = std
        self.scale = scale
        if scale == "global":
            start = keras.initializers.Constant(math.log(std))
            self.log_std = self.add_weight(shape=(), initializer=start, name="log_std")

    def channels(self, image_channels: int) -> int:
        """One mean per channel, and one scale when it is learned per pixel."""
        return 2 * image_channels if self.scale == "pixel" else image_channels

    @property
    def unbounded(self) -> bool:
        """Where the decoder puts out a log-scale beside the mean."""
        return self.scale == "pixel"

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """Sum over pixels of the log-density of the noise, less log std."""
        mean, log_std = self._split(parameters)
        noise = (x - mean) * ops.exp(-log_std)
        return ops.sum(self._noise_log_prob(noise) - log_std, axis=(1, 2, 3))

    def mean(self, parameters: Tensor) -> Tensor:
        """The decoder's output itself; it may leave [0, 1] a little."""
        return self._split(parameters)[0]

    def pixel_variance(self, means: np.ndarray) -> float | None:
        """The square of the scale, where it is fixed."""
        return self.std**2 if self.scale == "fixed" else None

    def sample(self, parameters: Tensor, seed: Seed) -> Tensor:
        """Mean plus noise; it may leave [0, 1]."""
        mean, log_std = self._split(parameters)
        return mean + ops.exp(log_std) * self._noise(ops.shape(mean), seed)

    @abstractmethod
    def _noise_log_prob(self, noise: Tensor) -> Tensor:
        """Log-density of the noise in nats, of its shape."""

    @abstractmethod
    def _noise(self, shape: Any, seed: Seed) -> Tensor:
        """Independent draws of mean 0 and variance 1, float32."""

    def _split(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        if self.scale == "pixel":
            mean, log_std = ops.split(parameters, 2, axis=-1)
            log_std = log_std + math.log(self.std)
        elif self.scale == "global":
            mean, log_std = parameters, ops.convert_to_tensor(self.log_std)
        else:
            return parameters, ops.convert_to_tensor(math.log(self.std), dtype="float32")
        return mean, floored(log_std, math.log(MIN_STD))


class Gaussian(LocationScale):
    """A Gaussian per pixel around the decoder's output: half the squared error, in units of the variance.

    Args:
        std: Standard deviation in units of the pixel range; where it is learned, its value at the start.
        scale: 'fixed' keeps std; 'global' learns one for all pixels (sigma-VAE, Rybkin et al. 2021); 'pixel' lets
            the decoder put one out for each pixel and channel.
    """

    def _noise_log_prob(self, noise: Tensor) -> Tensor:
        return -0.5 * (ops.square(noise) + math.log(2 * math.pi))

    def _noise(self, shape: Any, seed: Seed) -> Tensor:
        return keras.random.normal(shape, dtype="float32", seed=seed)


class Laplace(LocationScale):
    """A Laplace density per pixel around the decoder's output: the absolute error, which forgives outliers.

    Args:
        std: Standard deviation in units of the pixel range, sqrt(2) times the scale b of the usual notation; where
            it is learned, its value at the start.
        scale: 'fixed' keeps std; 'global' learns one for all pixels; 'pixel' lets the decoder put one out for each
            pixel and channel.
    """

    def _noise_log_prob(self, noise: Tensor) -> Tensor:
        return -math.sqrt(2) * ops.abs(noise) - 0.5 * math.log(2)

    def _noise(self, shape: Any, seed: Seed) -> Tensor:
        # The inverse of the distribution function; it is infinite at -1, which is left out.
        uniform = keras.random.uniform(shape, minval=-1 + 1e-6, maxval=1, dtype="float32", seed=seed)
        return -ops.sign(uniform) * ops.log1p(-ops.abs(uniform)) / math.sqrt(2)
