"""The moments of the aggregate posterior, matched to those of the prior."""

from __future__ import annotations

from typing import Any, Literal

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Objective, Tensor


class DIPVAE(Objective):
    """DIP-VAE (Kumar et al. 2018): the ELBO plus the distance of a covariance of the codes from the identity.

    Args:
        kind: Which covariance: 'I' that of the posterior means, 'II' that of the codes, E[Var(z)] + Cov(E[z]).
        off_diagonal: Weight of the squared covariances.
        diagonal: Weight of the squared distances of the variances from 1; the paper has 10 times ``off_diagonal``
            for I, and the same for II.
    """

    needs = ("factorizes",)
    logged = ("covariance_penalty",)

    def __init__(
        self, kind: Literal["I", "II"] = "I", off_diagonal: float = 10.0, diagonal: float = 100.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if kind not in ("I", "II") or not (0 <= off_diagonal < float("inf") and 0 <= diagonal < float("inf")):
            raise UserError(
                f"DIPVAE needs kind I or II, and finite weights >= 0. Received {kind!r}, {off_diagonal}, {diagonal}."
            )
        self.kind = kind
        self.off_diagonal = off_diagonal
        self.diagonal = diagonal

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """-ELBO plus the penalty of the whole batch (equations 6 and 7) for each example."""
        penalty = self.penalty(evidence)
        return penalty - evidence.elbo, {"covariance_penalty": penalty}

    def penalty(self, evidence: Evidence) -> Tensor:
        """The weighted squared distance of the covariance over the batch from the identity, a scalar."""
        posterior, q = evidence.model.posterior, evidence.q
        mean = posterior.mean(q)
        centred = mean - ops.mean(mean, axis=0)
        covariance = ops.matmul(ops.transpose(centred), centred) / ops.cast(ops.shape(mean)[0], "float32")
        variance = ops.sum(ops.square(centred), axis=0) / ops.cast(ops.shape(mean)[0], "float32")
        apart = ops.sum(ops.square(covariance)) - ops.sum(ops.square(variance))
        if self.kind == "II":
            variance = variance + ops.mean(posterior.variance(q), axis=0)
        return self.off_diagonal * apart + self.diagonal * ops.sum(ops.square(variance - 1.0))
