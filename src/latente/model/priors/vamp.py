"""The mixture of the posteriors of learned pseudo-inputs."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from latente.errors import UserError
from latente.model.axes import Model, Posterior, Tensor
from latente.model.numerics import bounded
from latente.model.priors.mixture import MixturePrior


class VampPrior(MixturePrior):
    """The mean of the posteriors of learned pseudo-inputs, 1/K sum_k q(z given u_k) (Tomczak & Welling 2018).

    A pseudo-input is an image whose pixels are learned, and it passes through the encoder in every step. As in the
    authors' code its pixels are weights clipped to [0, 1], but here a clipped one keeps its gradient. There all start
    near one dark grey; here each starts as noise of its own, so that no two components are alike.

    Args:
        pseudo_inputs: How many; each costs a step as much as an image more in the encoder. The paper has 500.
    """

    encodes = True

    def __init__(self, pseudo_inputs: int = 100, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if pseudo_inputs < 1:
            raise UserError(f"VampPrior needs at least 1 of its pseudo_inputs. Received {pseudo_inputs}.")
        self.count = pseudo_inputs

    def bind(self, model: Model) -> None:
        """Make the pixels ``(pseudo_inputs, H, W, C)``."""
        shape, start = (self.count, *model.image_shape), keras.initializers.RandomUniform(0.0, 1.0)
        self.pixels = self.add_weight(shape=shape, initializer=start, name="pseudo_inputs")

    def images(self) -> Tensor:
        """The pseudo-inputs as they are now, ``(pseudo_inputs, H, W, C)`` in [0, 1]."""
        return bounded(ops.convert_to_tensor(self.pixels), 0.0, 1.0)

    def components(self, model: Model) -> tuple[Posterior, dict[str, Tensor], Tensor]:
        """Their posteriors, all of one weight."""
        return model.posterior, model.inference(self.images()), ops.full((self.count,), -math.log(self.count))
