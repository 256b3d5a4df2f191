"""Posteriors: q(z given x), its sample, its mean, its log-density and its KL divergence from the prior."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from latente.errors import UserError
from latente.model.choice import Choice
from latente.model.numerics import bounded
from latente.model.priors import Prior, StandardNormal

Tensor = Any
Parameters = dict[str, Tensor]

LOG_VAR_BOUND = 20.0
"""Log-variances are clipped to +-20: exp(20) is finite in float32, and no useful code has a variance outside."""


class Posterior(Choice):
    """Axis: the approximate posterior q(z given x).

    Its parameters are a dictionary of tensors with one row per example, made by ``parameters`` from what the
    encoder puts out.
    """

    def units(self, latent_dim: int) -> int:
        """How many numbers the encoder must put out per example."""
        raise NotImplementedError

    def parameters(self, encoded: Tensor) -> Parameters:
        """Turn the encoder's output ``(batch, units)`` into named parameters."""
        raise NotImplementedError

    def mean(self, q: Parameters) -> Tensor:
        """The code ``(batch, latent_dim)`` that stands for an example in pictures and embeddings."""
        raise NotImplementedError

    def sample(self, q: Parameters, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw one code ``(batch, latent_dim)`` per example, differentiable in ``q``."""
        raise NotImplementedError

    def log_prob(self, q: Parameters, z: Tensor) -> Tensor:
        """log q(z given x) in nats, ``(batch,)``."""
        raise NotImplementedError

    def kl(self, q: Parameters, prior: Prior) -> Tensor:
        """KL(q(z given x), p(z)) in nats for each dimension, ``(batch, latent_dim)``."""
        raise NotImplementedError


class DiagonalGaussian(Posterior):
    """A Gaussian with independent dimensions (Kingma & Welling 2014): the encoder gives z_mean and z_log_var."""

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

    def sample(self, q: Parameters, seed: keras.random.SeedGenerator) -> Tensor:
        """Reparameterized: z = mean + sigma * noise, so that gradients flow through mean and sigma."""
        noise = keras.random.normal(ops.shape(q["z_mean"]), dtype=q["z_mean"].dtype, seed=seed)
        return q["z_mean"] + ops.exp(0.5 * q["z_log_var"]) * noise

    def log_prob(self, q: Parameters, z: Tensor) -> Tensor:
        """Sum over dimensions of the Gaussian log-density."""
        squared = ops.square(z - q["z_mean"]) * ops.exp(-q["z_log_var"])
        return -0.5 * ops.sum(squared + q["z_log_var"] + math.log(2 * math.pi), axis=-1)

    def kl(self, q: Parameters, prior: Prior) -> Tensor:
        """Closed form, Kingma & Welling (2014), appendix B: 0.5 * (mean^2 + sigma^2 - 1 - log sigma^2)."""
        if not isinstance(prior, StandardNormal):
            raise UserError(
                f"DiagonalGaussian knows its KL divergence from StandardNormal only. Received the prior "
                f"{type(prior).__name__}. Choose prior StandardNormal."
            )
        return 0.5 * (ops.square(q["z_mean"]) + ops.exp(q["z_log_var"]) - 1.0 - q["z_log_var"])
