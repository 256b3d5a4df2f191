"""The standard normal prior."""

from __future__ import annotations

import math

import keras
from keras import ops

from latente.model.axes import Model, Prior, Seed, Tensor


class StandardNormal(Prior):
    """N(0, I): the prior of Kingma & Welling (2014) and of the lesson. Temperature scales its draws."""

    factorizes = True

    def sample(self, n: int | Tensor, model: Model, seed: Seed, temperature: float = 1.0) -> Tensor:
        """Independent normal numbers with standard deviation ``temperature``."""
        return temperature * keras.random.normal((n, model.latent_dim), dtype="float32", seed=seed)

    def log_prob(self, z: Tensor, model: Model) -> Tensor:
        """Sum over dimensions of the standard normal log-density."""
        return -0.5 * ops.sum(ops.square(z) + math.log(2 * math.pi), axis=-1)

    def kl(self, q: dict[str, Tensor], z: Tensor, model: Model) -> Tensor:
        """The posterior's closed form where it has one, else the estimate from one draw."""
        exact = model.posterior.kl_from_standard_normal(q)
        return super().kl(q, z, model) if exact is None else exact
