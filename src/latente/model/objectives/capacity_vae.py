"""A KL that is asked for, and asked for more as training goes on."""

from __future__ import annotations

from typing import Any

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Objective, Tensor
from latente.model.schedules import linear


class CapacityVAE(Objective):
    """Beta-VAE with a rising capacity (Burgess et al. 2018): reconstruction + gamma * |KL - C|, C from 0 upwards.

    Args:
        gamma: Weight of the distance between the mean KL of a batch and the capacity.
        capacity: C at its end, in nats.
        capacity_steps: Optimizer steps until then.
    """

    logged = ("capacity",)

    def __init__(
        self, gamma: float = 1000.0, capacity: float = 25.0, capacity_steps: int = 100_000, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not (0 < gamma < float("inf") and 0 <= capacity < float("inf")) or capacity_steps < 1:
            raise UserError(
                f"CapacityVAE needs a finite gamma > 0, capacity >= 0 nats and capacity_steps >= 1. Received {gamma}, "
                f"{capacity} and {capacity_steps}."
            )
        self.gamma = gamma
        self.capacity = capacity
        self.capacity_steps = capacity_steps

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Reconstruction plus the weighted distance (equation 8) of the whole batch for each example."""
        capacity = self.capacity * linear(evidence.step, self.capacity_steps)
        kl = ops.mean(ops.sum(evidence.kl, axis=-1))
        return -evidence.log_likelihood + self.gamma * ops.abs(kl - capacity), {"capacity": capacity}
