"""The aggregate posterior, matched to the prior by samples of both."""

from __future__ import annotations

from typing import Any

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Objective, Tensor

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Bandwidths of the kernel, relative to the mean squared distance of two draws of N(0, I): 2 * latent_dim."""


class MMD(Objective):
    """Reconstruction, and the maximum mean discrepancy between codes and prior: WAE-MMD, or InfoVAE with some KL.

    Tolstikhin et al. (2018) and Zhao et al. (2019). The kernel is the mean of inverse multiquadratics
    C / (C + squared distance) with C = 2 * latent_dim times 0.1, 0.2, 0.5, 1, 2, 5 and 10, of Tolstikhin et al.

    Args:
        weight: Factor of the discrepancy, which lies between 0 and 2, against the nats of the reconstruction.
        kl: Weight of the KL: 0 for WAE and MMD-VAE, 1 - alpha for InfoVAE.
    """

    needs = ("density",)
    logged = ("mmd",)

    def __init__(self, weight: float = 1000.0, kl: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (0 < weight < float("inf") and 0 <= kl < float("inf")):
            raise UserError(f"MMD needs a finite weight > 0 and kl >= 0. Received {weight} and {kl}.")
        self.weight = weight
        self.kl = kl

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Reconstruction + kl * KL + weight * MMD of the batch from as many draws of the prior."""
        model = evidence.model
        prior = model.prior.sample(ops.shape(evidence.z)[0], model, model.noise(evidence.training))
        mmd = discrepancy(evidence.z, prior)
        kl = self.kl * ops.sum(evidence.kl, axis=-1)
        return kl - evidence.log_likelihood + self.weight * mmd, {"mmd": mmd}


def discrepancy(a: Tensor, b: Tensor) -> Tensor:
    """The squared MMD of two samples ``(n, d)`` and ``(m, d)``, a scalar >= 0, which is 0 for equal samples.

    Each sample's mean takes in a point with itself: a bias of about 1/n + 1/m, nearly without gradient.
    """
    return ops.mean(_kernel(a, a)) + ops.mean(_kernel(b, b)) - 2.0 * ops.mean(_kernel(a, b))


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    """k(a_i, b_j), ``(n, m)``."""
    squares = ops.sum(ops.square(a), axis=-1)[:, None] + ops.sum(ops.square(b), axis=-1)
    distance = ops.maximum(squares - 2.0 * ops.matmul(a, ops.transpose(b)), 0.0)
    widths = [2.0 * a.shape[-1] * scale for scale in SCALES]
    return sum(width / (width + distance) for width in widths) / len(widths)
