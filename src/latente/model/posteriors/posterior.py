"""The axis of the posteriors: q(z given x), its sample, its mean and its log-density."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import keras
from keras import ops

from latente.model.choice import Choice

if TYPE_CHECKING:
    from latente.model.evidence import Evidence

Tensor = Any
Parameters = dict[str, Tensor]


class Posterior(Choice):
    """Axis: the approximate posterior q(z given x).

    Its parameters are a dictionary of tensors with one row per example, made by ``parameters`` from what the
    encoder puts out. ``log_prob`` and ``log_prob_each`` broadcast parameters against codes, so that codes
    ``(n, 1, latent_dim)`` meet parameters ``(1, m, ...)``.

    Attributes:
        density: Whether q has a density that draws follow differentiably; a posterior of discrete codes has none.
        factorizes: Whether its dimensions are independent given x, so that it has ``log_prob_each`` and ``variance``.
        replicates: Whether copies of it can be trained together, each on its part of a batch.
    """

    TRAITS: ClassVar[dict[str, str]] = {
        "density": "with a density",
        "factorizes": "with independent dimensions",
    }
    density: bool = True
    factorizes: bool = False
    replicates: bool = True

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
        """log q(z given x) in nats, ``(batch,)``; of discrete codes, the logarithm of their probability."""
        return ops.sum(self.log_prob_each(q, z), axis=-1)

    def log_prob_each(self, q: Parameters, z: Tensor) -> Tensor:
        """log q(z_j given x) in nats for each dimension, ``(batch, latent_dim)``, where it factorizes."""
        raise NotImplementedError

    def variance(self, q: Parameters) -> Tensor:
        """Var(z_j given x) for each dimension, ``(batch, latent_dim)``, where it factorizes."""
        raise NotImplementedError

    def kl_from_standard_normal(self, q: Parameters) -> Tensor | None:
        """KL(q(z given x), N(0, I)) in nats, ``(batch, latent_dim)`` or ``(batch, 1)``; None without a closed form."""
        return None

    def adjust(self, loss: Tensor, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Add what the posterior itself asks for to the loss of each example ``(batch,)``; most ask for nothing.

        This is also where weights that no gradient trains are moved, while ``evidence.training``.

        Returns:
            The loss, and the scalars named in ``logged``.
        """
        return loss, {}
