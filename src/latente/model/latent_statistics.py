"""What the latents do during an epoch, gathered batch by batch."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from latente.model.numerics import Tensor

ACTIVE_VARIANCE = 0.01
"""A latent is active when the variance of its posterior mean over the data exceeds this (Burda et al. 2016)."""


@keras.saving.register_keras_serializable(package="latente")
class LatentStatistics(keras.metrics.Metric):
    """The number of active units, and the KL of each latent dimension, over all examples seen since the reset.

    Args:
        latent_dim: Number of latent dimensions.
        per_dimension: Whether the KL has a part for each dimension; where not, its sum belongs to none.
    """

    def __init__(self, latent_dim: int, per_dimension: bool = True, name: str = "active_units", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.latent_dim = latent_dim
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")
        names = ("mean", "squared_mean", "kl") if per_dimension else ("mean", "squared_mean")
        self.sums = {of: self.add_variable(shape=(latent_dim,), initializer="zeros", name=of) for of in names}

    def update_state(self, mean: Tensor, kl: Tensor) -> None:
        """Add a batch of posterior means ``(batch, latent_dim)`` and KLs ``(batch, parts)``."""
        self.count.assign_add(ops.cast(ops.shape(mean)[0], "float32"))
        values = {"mean": mean, "squared_mean": ops.square(mean), "kl": kl}
        for of, total in self.sums.items():
            total.assign_add(ops.sum(values[of], axis=0))

    def result(self) -> Tensor:
        """The number of latents whose posterior mean varies by more than 0.01."""
        count = ops.maximum(self.count, 1.0)
        variance = self.sums["squared_mean"] / count - ops.square(self.sums["mean"] / count)
        return ops.sum(ops.cast(variance > ACTIVE_VARIANCE, "float32"))

    def kl_per_dimension(self) -> np.ndarray | None:
        """Mean KL of each latent in nats, ``(latent_dim,)``; None where it has no part for each."""
        if "kl" not in self.sums:
            return None
        return ops.convert_to_numpy(self.sums["kl"]) / max(float(ops.convert_to_numpy(self.count)), 1.0)
