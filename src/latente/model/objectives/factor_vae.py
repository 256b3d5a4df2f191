"""The total correlation, read off a discriminator that is trained in the same loss."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from latente.errors import UserError
from latente.model.axes import Evidence, Model, Objective, Seed, Tensor
from latente.model.layers import sequential


class FactorVAE(Objective):
    """FactorVAE (Kim & Mnih 2018): the ELBO plus gamma times the total correlation, as a discriminator tells it.

    The discriminator learns to tell codes from codes whose dimensions were shuffled among the images; its logit
    estimates log q(z) - sum_j log q(z_j). It shares the model's optimizer; in the paper it has one of its own.

    Args:
        gamma: Weight of the total correlation; 0 is the ELBO.
        hidden: Units of each hidden layer of the discriminator; the paper has six of 1000.
    """

    needs = ("density",)
    logged = ("total_correlation", "discriminator_accuracy")

    def __init__(self, gamma: float = 10.0, hidden: tuple[int, ...] = (256, 256, 256), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= gamma < float("inf") or any(units < 1 for units in hidden):
            raise UserError(
                f"FactorVAE needs a finite gamma >= 0, and hidden layers of at least 1 unit. Received {gamma} and "
                f"{tuple(hidden)}."
            )
        self.gamma = gamma
        self.hidden = tuple(hidden)

    def bind(self, model: Model) -> None:
        """Make the discriminator: codes ``(batch, latent_dim)`` to one logit each."""
        stack: list[layers.Layer] = []
        for units in self.hidden:
            stack += [layers.Dense(units), layers.LeakyReLU(0.2)]
        self.discriminator = sequential((model.latent_dim,), [*stack, layers.Dense(1)], name="discriminator")

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """-ELBO + gamma TC + the discriminator's cross-entropy, whose gradients do not meet."""
        tc = self.total_correlation(evidence.z)
        discrimination, accuracy = self.discrimination(evidence.z, evidence.model.noise(evidence.training))
        logs = {"total_correlation": tc, "discriminator_accuracy": accuracy}
        return self.gamma * tc + discrimination - evidence.elbo, logs

    def total_correlation(self, z: Tensor) -> Tensor:
        """TC ``(batch,)`` with a gradient on z alone: that of the discriminator's weights is taken off again."""
        still = self._logit(ops.stop_gradient(z))
        return self._logit(z) - still + ops.stop_gradient(still)

    def discrimination(self, z: Tensor, seed: Seed) -> tuple[Tensor, Tensor]:
        """Cross-entropy and accuracy ``(batch,)``: the first half of the batch as it is, the second shuffled."""
        z = ops.stop_gradient(z)
        half = ops.shape(z)[0] // 2
        codes, others = z[:half], z[half:]
        order = ops.argsort(keras.random.uniform(ops.shape(others), seed=seed), axis=0)  # one for each dimension
        logit = self._logit(ops.concatenate([codes, ops.take_along_axis(others, order, axis=0)]))
        true = ops.concatenate([ops.ones_like(codes[:, 0]), ops.zeros_like(others[:, 0])])
        right = ops.cast(ops.equal(logit > 0, true > 0.5), "float32")
        return ops.softplus(logit) - true * logit, right

    def _logit(self, z: Tensor) -> Tensor:
        return self.discriminator(z)[:, 0]
