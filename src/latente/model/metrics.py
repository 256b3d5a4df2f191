"""What the latents do during an epoch, gathered batch by batch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any

ACTIVE_VARIANCE = 0.01
"""A latent is active when the variance of its posterior mean over the data exceeds this (Burda et al. 2016)."""


@keras.saving.register_keras_serializable(package="latente")
class LatentStatistics(keras.metrics.Metric):
    """The number of active units, and the KL of each latent dimension, over all examples seen since the reset.

    Args:
        latent_dim: Number of latent dimensions.
    """

    def __init__(self, latent_dim: int, name: str = "active_units", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.latent_dim = latent_dim
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")
        self.sums = {
            of: self.add_variable(shape=(latent_dim,), initializer="zeros", name=of)
            for of in ("mean", "squared_mean", "kl")
        }

    def update_state(self, mean: Tensor, kl: Tensor) -> None:
        """Add a batch of posterior means and KLs, both ``(batch, latent_dim)``."""
        self.count.assign_add(ops.cast(ops.shape(mean)[0], "float32"))
        for of, values in {"mean": mean, "squared_mean": ops.square(mean), "kl": kl}.items():
            self.sums[of].assign_add(ops.sum(values, axis=0))

    def result(self) -> Tensor:
        """The number of latents whose posterior mean varies by more than 0.01."""
        count = ops.maximum(self.count, 1.0)
        variance = self.sums["squared_mean"] / count - ops.square(self.sums["mean"] / count)
        return ops.sum(ops.cast(variance > ACTIVE_VARIANCE, "float32"))

    def kl_per_dimension(self) -> np.ndarray:
        """Mean KL of each latent in nats, ``(latent_dim,)``."""
        return ops.convert_to_numpy(self.sums["kl"]) / max(float(ops.convert_to_numpy(self.count)), 1.0)
