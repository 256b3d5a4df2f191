"""The Gaussian with independent dimensions."""

from __future__ import annotations

import math

import keras
from keras import ops

from latente.model.axes import Parameters, Posterior, Seed, Tensor
from latente.model.numerics import bounded

LOG_VAR_BOUND = 20.0
"""Log-variances are clipped to +-20: exp(20) is finite in float32, and no useful code has a variance outside."""


class DiagonalGaussian(Posterior):
    """A Gaussian with independent dimensions (Kingma & Welling 2014): the encoder gives z_mean and z_log_var."""

    factorizes = True

    def units(self, latent_dim: int) -> int:
        """Two per latent dimension: mean and log-variance."""
        return 2 * latent_dim

    def parameters(self, encoded: Tensor) -> Parameters:
        """Split ``(batch, 2 * latent_dim)`` into ``z_mean`` and the bounded ``z_log_var``."""
        z_mean, z_log_var = ops.split(encoded, 2, axis=-1)
        return {"z_mean": z_mean, "z_log_var": bounded(z_log_var, -LOG_VAR_BOUND, LOG_VAR_BOUND)}

    def mean(self, q: Parameters) -> Tensor:
        """The mean of the Gaussian."""
        return q["z_mean"]

    def variance(self, q: Parameters) -> Tensor:
        """The exponential of the log-variance."""
        return ops.exp(q["z_log_var"])

    def sample(self, q: Parameters, seed: Seed) -> Tensor:
        """Reparameterized: z = mean + sigma * noise, so that gradients flow through mean and sigma."""
        noise = keras.random.normal(ops.shape(q["z_mean"]), dtype=q["z_mean"].dtype, seed=seed)
        return q["z_mean"] + ops.exp(0.5 * q["z_log_var"]) * noise

    def log_prob_each(self, q: Parameters, z: Tensor) -> Tensor:
        """The Gaussian log-density of each dimension."""
        squared = ops.square(z - q["z_mean"]) * ops.exp(-q["z_log_var"])
        return -0.5 * (squared + q["z_log_var"] + math.log(2 * math.pi))

    def kl_from_standard_normal(self, q: Parameters) -> Tensor:
        """Closed form, Kingma & Welling (2014), appendix B: 0.5 * (mean^2 + sigma^2 - 1 - log sigma^2)."""
        return 0.5 * (ops.square(q["z_mean"]) + ops.exp(q["z_log_var"]) - 1.0 - q["z_log_var"])
