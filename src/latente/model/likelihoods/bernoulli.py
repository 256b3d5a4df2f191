"""The Bernoulli likelihood: binary cross-entropy."""

from __future__ import annotations

import keras
import numpy as np
from keras import ops

from latente.model.axes import Likelihood, Seed, Tensor


class Bernoulli(Likelihood):
    """Independent coin flips per pixel, from logits: binary cross-entropy, as in the lesson.

    On grey levels, as in the lesson, this is the cross-entropy against the grey level as a probability; it is a
    proper density only on binary images (``data.binarize``). ContinuousBernoulli is the density for grey levels.
    """

    def is_probability(self, images: np.ndarray) -> bool:
        """Only of images of black and white pixels."""
        white = 255 if images.dtype == np.uint8 else 1
        return bool(np.isin(images, (0, white)).all())

    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """x log p + (1 - x) log(1 - p) = x * logit - softplus(logit)."""
        return ops.sum(x * parameters - ops.softplus(parameters), axis=(1, 2, 3))

    def mean(self, parameters: Tensor) -> Tensor:
        """The probability of each pixel."""
        return ops.sigmoid(parameters)

    def pixel_variance(self, means: np.ndarray) -> np.ndarray:
        """p (1 - p)."""
        return means * (1 - means)

    def sample(self, parameters: Tensor, seed: Seed) -> Tensor:
        """Images of zeros and ones."""
        uniform = keras.random.uniform(ops.shape(parameters), seed=seed)
        return ops.cast(uniform < ops.sigmoid(parameters), "float32")
