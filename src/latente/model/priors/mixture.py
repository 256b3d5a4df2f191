"""Mixtures as priors: what they share, and the one whose components are learned directly."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any

import keras
from keras import ops

from latente.errors import UserError
from latente.model.axes import Model, Posterior, Prior, Seed, Tensor
from latente.model.posteriors.diagonal_gaussian import DiagonalGaussian


class MixturePrior(Prior):
    """What mixtures share: p(z) = sum_k w_k q_k(z), with components that have the form of a posterior."""

    learned = True

    @abstractmethod
    def components(self, model: Model) -> tuple[Posterior, dict[str, Tensor], Tensor]:
        """The form of the components, its parameters with one row per component, and log w_k ``(components,)``."""

    def sample(self, n: int | Tensor, model: Model, seed: Seed, temperature: float = 1.0) -> Tensor:
        """Draw a component by weight for each code, then the code from it.

        Temperature scales the code's deviation from the mean of its component: at 0 only the means are left, each
        still as often as its weight says.
        """
        form, q, log_weights = self.components(model)
        which = keras.random.categorical(log_weights[None], n, seed=seed)[0]
        q = {name: ops.take(value, which, axis=0) for name, value in q.items()}
        mean = form.mean(q)
        return mean + temperature * (form.sample(q, seed) - mean)

    def log_prob(self, z: Tensor, model: Model) -> Tensor:
        """The logarithm of the weighted sum of the components' densities."""
        form, q, log_weights = self.components(model)
        each = form.log_prob({name: value[None] for name, value in q.items()}, z[:, None])  # (batch, components)
        return ops.logsumexp(each + log_weights, axis=-1)


class Mixture(MixturePrior):
    """A mixture of Gaussians with independent dimensions; means, variances and weights are learned with the model.

    The mixture of Gaussians that Tomczak & Welling (2018) compare the VampPrior with. At the start the means are
    spread such that the whole has about the mean 0 and the variance 1 of N(0, I).

    Args:
        components: Number of Gaussians.
    """

    def __init__(self, components: int = 10, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if components < 1:
            raise UserError(f"Mixture needs at least 1 of its components. Received {components}.")
        self.count = components
        self.form = DiagonalGaussian()

    def bind(self, model: Model) -> None:
        """Make means and log-variances ``(components, latent_dim)`` and the weights' logits ``(components,)``."""
        shape = (self.count, model.latent_dim)
        spread = keras.initializers.RandomNormal(stddev=math.sqrt(0.5))
        half = keras.initializers.Constant(math.log(0.5))
        self.means = self.add_weight(shape=shape, initializer=spread, name="means")
        self.log_vars = self.add_weight(shape=shape, initializer=half, name="log_vars")
        self.logits = self.add_weight(shape=(self.count,), initializer="zeros", name="logits")

    def components(self, model: Model) -> tuple[Posterior, dict[str, Tensor], Tensor]:
        """The Gaussians as they are now."""
        means, log_vars, logits = map(ops.convert_to_tensor, (self.means, self.log_vars, self.logits))
        q = self.form.parameters(ops.concatenate([means, log_vars], axis=-1))
        return self.form, q, ops.log_softmax(logits)
