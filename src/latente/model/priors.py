"""Priors: p(z), its sample and its log-density."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from latente.model.choice import Choice

Tensor = Any


class Prior(Choice):
    """Axis: the prior p(z) over codes of ``latent_dim`` numbers."""

    def sample(self, n: int, latent_dim: int, seed: keras.random.SeedGenerator) -> Tensor:
        """Draw ``(n, latent_dim)`` codes."""
        raise NotImplementedError

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z) in nats, ``(batch,)``."""
        raise NotImplementedError


class StandardNormal(Prior):
    """N(0, I): the prior of Kingma & Welling (2014) and of the lesson."""

    def sample(self, n: int, latent_dim: int, seed: keras.random.SeedGenerator) -> Tensor:
        """Independent standard normal numbers."""
        return keras.random.normal((n, latent_dim), dtype="float32", seed=seed)

    def log_prob(self, z: Tensor) -> Tensor:
        """Sum over dimensions of the standard normal log-density."""
        return -0.5 * ops.sum(ops.square(z) + math.log(2 * math.pi), axis=-1)
