"""The axis of the priors: p(z), its sample, its log-density and the KL divergence of a posterior from it."""

from __future__ import annotations

from typing import Any

import keras

from latente.model.choice import Choice
from latente.model.evidence import Model

Tensor = Any


class Prior(Choice):
    """Axis: the prior p(z) over codes of ``latent_dim`` numbers.

    Attributes:
        density: Whether it is a density; a prior over discrete codes is none, and goes with posteriors that have none.
        factorizes: Whether its dimensions are independent, so that the KL of a posterior with independent dimensions
            has a part for each.
        learned: Whether it has weights, which only the KL or its own draws can train.
        encodes: Whether it passes images of its own through the encoder; they have no label.
        least_latents: The fewest latent dimensions that it can do with.
    """

    density: bool = True
    factorizes: bool = False
    learned: bool = False
    encodes: bool = False
    least_latents: int = 1

    def sample(
        self, n: int | Tensor, model: Model, seed: keras.random.SeedGenerator, temperature: float = 1.0
    ) -> Tensor:
        """Draw ``(n, latent_dim)`` codes.

        Args:
            n: How many; while a model is trained, a tensor.
            model: The model that the prior is part of.
            seed: Where the randomness comes from.
            temperature: Below 1 draws are more typical and less varied, 1 leaves the prior as it is; each prior says
                how.
        """
        raise NotImplementedError

    def log_prob(self, z: Tensor, model: Model) -> Tensor:
        """log p(z) in nats, ``(batch,)``."""
        raise NotImplementedError

    def kl(self, q: dict[str, Tensor], z: Tensor, model: Model) -> Tensor:
        """KL(q(z given x), p(z)) in nats, ``(batch, parts)``: one part per dimension only where both factorize.

        Here the estimate from one draw, log q(z given x) - log p(z), with one part.

        Args:
            q: The parameters of the model's posterior.
            z: One draw of it per example, ``(batch, latent_dim)``.
            model: The model that the prior is part of.
        """
        return (model.posterior.log_prob(q, z) - self.log_prob(z, model))[:, None]
