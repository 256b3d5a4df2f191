"""The evidence lower bound, with its weight, schedules and free bits; and what is left of it without the KL."""

from __future__ import annotations

from typing import Any, Literal

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Objective, Tensor
from latente.model.schedules import SCHEDULES


class ELBO(Objective):
    """The negative evidence lower bound (Kingma & Welling 2014), with the weight of beta-VAE (Higgins et al. 2017).

    Args:
        beta: Weight of the KL term; 1 is the bound itself, more asks for disentanglement and costs detail.
        schedule: How the weight reaches beta: 'constant', 'linear' (KL warm-up) or 'cyclical'.
        schedule_steps: Optimizer steps of the warm-up or of one cycle (Fashion-MNIST at batch 128 has 430 an epoch).
        free_bits: Nats of KL per latent dimension, averaged over the batch, that cost nothing (Kingma et al. 2016);
            where the KL has no parts per dimension, the latents share the sum.
    """

    logged = ("beta",)

    def __init__(
        self,
        beta: float = 1.0,
        schedule: Literal["constant", "linear", "cyclical"] = "constant",
        schedule_steps: int = 4000,
        free_bits: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if beta == 0:
            raise UserError(
                "ELBO needs beta > 0. Received 0: without the KL term nothing ties the codes to the prior, so this is "
                "an autoencoder, not a VAE, and samples from the prior mean nothing. Choose a beta > 0, or ask for it "
                "by name: objective Autoencoder."
            )
        if not 0 < beta < float("inf"):
            raise UserError(f"ELBO needs a finite beta > 0. Received {beta}.")
        if schedule not in SCHEDULES:
            raise UserError(f"schedule must be one of {', '.join(SCHEDULES)}. Received {schedule!r}.")
        if schedule_steps < 1:
            raise UserError(f"schedule_steps must be at least 1. Received {schedule_steps}.")
        if not 0 <= free_bits < float("inf"):
            raise UserError(f"free_bits must be at least 0 nats. Received {free_bits}.")
        self.beta = beta
        self.schedule = schedule
        self.schedule_steps = schedule_steps
        self.free_bits = free_bits

    @property
    def kl_weight(self) -> float:
        """Beta."""
        return self.beta

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Reconstruction plus beta times KL."""
        beta = self.beta * SCHEDULES[self.schedule](evidence.step, self.schedule_steps)
        kl = evidence.kl
        if self.free_bits:
            # A dimension below the floor contributes the floor: its value holds and its gradient is zero.
            floor = self.free_bits * evidence.z.shape[-1] / kl.shape[-1]
            kl = ops.where(ops.mean(kl, axis=0, keepdims=True) > floor, kl, floor)
        return -evidence.log_likelihood + beta * ops.sum(kl, axis=-1), {"beta": beta}


class Autoencoder(Objective):
    """Reconstruction alone: beta = 0 asked for by name. Not a VAE; its prior samples mean nothing."""

    @property
    def kl_weight(self) -> float:
        """None at all."""
        return 0.0

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """The negative log-likelihood."""
        return -evidence.log_likelihood, {}
