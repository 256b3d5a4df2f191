"""A target for the reconstruction instead of a weight for the KL."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Objective, Tensor

LARGEST = 1e6
"""The multiplier stays between 1e-6 and this: a target out of reach, or met at once, would let it run away."""


class GECO(Objective):
    """GECO (Rezende & Viola 2018): the least KL for which the reconstruction reaches a target.

    The loss is KL + multiplier * (reconstruction - target). The multiplier starts at 1, the ELBO, grows while the
    target is missed, and shrinks while it is met; 1 / multiplier is the beta of a beta-VAE.

    Args:
        target: The reconstruction to reach, in nats per pixel and channel: that of the log, divided by height * width
            * channels.
        rate: How fast the multiplier moves: each step by a factor exp(rate * the miss, in nats per pixel and channel).
        decay: How much of the moving average of the miss stays at each step.
    """

    logged = ("multiplier", "miss")

    def __init__(self, target: float = 0.3, rate: float = 0.1, decay: float = 0.99, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (math.isfinite(target) and 0 < rate < float("inf") and 0 <= decay < 1):
            raise UserError(
                f"GECO needs a finite target, rate > 0 and decay in [0, 1). Received {target}, {rate} and {decay}."
            )
        self.target = target
        self.rate = rate
        self.decay = decay
        common = {"initializer": "zeros", "trainable": False, "aggregation": "mean"}  # of replicas
        self.log_multiplier = self.add_weight(name="log_multiplier", shape=(), **common)
        self.miss = self.add_weight(name="miss", shape=(), **common)

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """KL plus the weighted constraint; while training, the multiplier then follows the moving average."""
        pixels = math.prod(evidence.model.image_shape)
        miss = -evidence.log_likelihood - pixels * self.target
        multiplier = ops.exp(ops.convert_to_tensor(self.log_multiplier))
        if evidence.training:
            self._follow(ops.stop_gradient(ops.mean(miss)) / pixels, first=evidence.step == 0)
        logs = {"multiplier": multiplier, "miss": miss / pixels}
        return ops.sum(evidence.kl, axis=-1) + multiplier * miss, logs

    def _follow(self, miss: Tensor, first: Tensor) -> None:
        """Move the average of the miss, and by it the multiplier."""
        average = ops.where(first, miss, self.decay * self.miss + (1 - self.decay) * miss)
        self.miss.assign(average)
        bound = math.log(LARGEST)
        self.log_multiplier.assign(ops.clip(self.log_multiplier + self.rate * average, -bound, bound))
