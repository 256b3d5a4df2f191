"""Priors over discrete codes: the probability of a sequence of indices."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import cast

import keras
from keras import ops

from latente.model.axes import Model, Prior, Seed, Tensor
from latente.model.posteriors.discrete import DiscretePosterior


class CodePrior(Prior):
    """A prior over the sequences of indices that a discrete posterior turns images into.

    The posterior is certain of the indices, so its KL is -log p(indices), and log p(x given z) + log p(indices) is a
    lower bound of log p(x): of the sum over all sequences it keeps one term. No gradient of it reaches the encoder or
    the codes; it trains the prior alone, beside them.
    """

    density = False

    @abstractmethod
    def log_prob_of(self, indices: Tensor, model: Model) -> Tensor:
        """log p(indices) in nats, ``(batch,)``, for indices ``(batch, positions)``."""

    @abstractmethod
    def sample_indices(self, n: int | Tensor, model: Model, seed: Seed, temperature: float) -> Tensor:
        """Draw indices ``(n, positions)``."""

    def sample(self, n: int | Tensor, model: Model, seed: Seed, temperature: float = 1.0) -> Tensor:
        """The codes ``(n, latent_dim)`` of drawn indices."""
        return discrete(model).codes_of(self.sample_indices(n, model, seed, temperature))

    def log_prob(self, z: Tensor, model: Model) -> Tensor:
        """log p of the indices that the posterior gives the codes ``z`` ``(batch, latent_dim)``, ``(batch,)``."""
        return self.log_prob_of(discrete(model).indices_of(z), model)

    def kl(self, q: dict[str, Tensor], z: Tensor, model: Model) -> Tensor:
        """-log p(indices), exact, with one part: ``(batch, 1)``."""
        return -self.log_prob_of(q["indices"], model)[:, None]


def discrete(model: Model) -> DiscretePosterior:
    """The model's posterior, which is discrete where the prior is: the VAE has seen to it."""
    return cast("DiscretePosterior", model.posterior)


class Uniform(CodePrior):
    """All codes alike at each position (van den Oord et al. 2017, section 3.1): the KL is positions * log(codes).

    It learns nothing, so its samples have no structure: choose Autoregressive to sample. Temperature changes nothing.
    """

    def log_prob_of(self, indices: Tensor, model: Model) -> Tensor:
        """-positions * log(codes) for any indices."""
        return ops.full_like(indices[:, 0], -indices.shape[-1] * math.log(discrete(model).codes), dtype="float32")

    def sample_indices(self, n: int | Tensor, model: Model, seed: Seed, temperature: float) -> Tensor:
        """Independent, each code with the same probability."""
        posterior = discrete(model)
        return keras.random.randint((n, posterior.positions(model.latent_dim)), 0, posterior.codes, seed=seed)
