"""A normalizing flow as the prior."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from latente.errors import UserError
from latente.model.axes import Model, Prior, Seed, Tensor
from latente.model.layers import sequential
from latente.model.priors.standard_normal import StandardNormal

MOST_LOG_SCALE = 2.0
"""A coupling scales by a factor between exp(-2) and exp(2), so that no step can make the density explode."""


class Flow(Prior):
    """N(0, I) moved by affine coupling layers (Dinh et al. 2017), with exact density and draws, for 2 latents or more.

    Each coupling shifts and scales every second dimension as a small network of the others says; the next one
    exchanges their roles. It starts as N(0, I). Temperature scales the draws of N(0, I) before they are moved.

    Args:
        couplings: Number of coupling layers.
        hidden: Units of each of the two hidden layers of a coupling's network.
    """

    learned = True
    least_latents = 2  # the others tell how to move a dimension

    def __init__(self, couplings: int = 6, hidden: int = 64, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if couplings < 2 or hidden < 1:
            raise UserError(
                f"Flow needs at least 2 couplings, to move every dimension, and hidden >= 1. Received {couplings} and "
                f"{hidden}."
            )
        self.couplings = couplings
        self.hidden = hidden
        self.base = StandardNormal()

    def bind(self, model: Model) -> None:
        """Make the networks: codes ``(batch, latent_dim)`` to shifts and raw log-scales ``(batch, 2 * latent_dim)``."""
        self.networks = [
            sequential(
                (model.latent_dim,),
                [
                    layers.Dense(self.hidden, activation="relu"),
                    layers.Dense(self.hidden, activation="relu"),
                    layers.Dense(2 * model.latent_dim, kernel_initializer="zeros"),
                ],
                name=f"coupling_{i}",
            )
            for i in range(self.couplings)
        ]

    def sample(self, n: int | Tensor, model: Model, seed: Seed, temperature: float = 1.0) -> Tensor:
        """Move draws of N(0, I), scaled by the temperature, through the couplings."""
        z = self.base.sample(n, model, seed, temperature)
        for i in reversed(range(self.couplings)):
            shift, log_scale = self._coupling(i, z)
            z = z * ops.exp(log_scale) + shift
        return z

    def log_prob(self, z: Tensor, model: Model) -> Tensor:
        """Move codes back to N(0, I): its log-density there, less the logarithm of what the way out stretches."""
        stretched = 0.0
        for i in range(self.couplings):
            shift, log_scale = self._coupling(i, z)
            z = (z - shift) * ops.exp(-log_scale)
            stretched += ops.sum(log_scale, axis=-1)
        return self.base.log_prob(z, model) - stretched

    def _coupling(self, i: int, z: Tensor) -> tuple[Tensor, Tensor]:
        """Shift and log-scale ``(batch, latent_dim)``, 0 for the dimensions that it leaves alone and looks at."""
        moved = ops.convert_to_tensor((np.arange(z.shape[-1]) + i) % 2, "float32")
        shift, raw = ops.split(self.networks[i](z * (1.0 - moved)), 2, axis=-1)
        return moved * shift, moved * MOST_LOG_SCALE * ops.tanh(raw / MOST_LOG_SCALE)
