"""The total correlation, weighted apart from the rest of the KL."""

from __future__ import annotations

from typing import Any, Literal

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Objective, Tensor


class BetaTCVAE(Objective):
    """Beta-TCVAE (Chen et al. 2018): the ELBO, with more weight on the total correlation KL(q(z), prod_j q(z_j)).

    Args:
        beta: Weight of the total correlation; 1 is the ELBO. The rest of the KL keeps the weight 1.
        estimate: How a batch stands for all training images: 'stratified' or 'weighted' (their appendix C).
    """

    needs = ("factorizes",)
    logged = ("total_correlation",)

    def __init__(
        self, beta: float = 6.0, estimate: Literal["stratified", "weighted"] = "stratified", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 0 < beta < float("inf") or estimate not in ("stratified", "weighted"):
            raise UserError(
                f"BetaTCVAE needs a finite beta > 0, and estimate stratified or weighted. Received {beta} and "
                f"{estimate!r}."
            )
        self.beta = beta
        self.estimate = estimate

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """-ELBO + (beta - 1) TC, as MI + TC + dimension-wise KL = KL, which is known in closed form."""
        n = evidence.model.images if self.estimate == "stratified" else 0
        tc = total_correlation(evidence, n)
        return (self.beta - 1) * tc - evidence.elbo, {"total_correlation": tc}


def total_correlation(evidence: Evidence, images: Tensor) -> Tensor:
    """Estimate log q(z) - sum_j log q(z_j) at the draw of each example, ``(batch,)`` in nats.

    q(z) is the mixture of the posteriors of all training images, of which the batch is a sample with ``log_weights``.
    """
    z, posterior = evidence.z, evidence.model.posterior
    of_all = {name: ops.expand_dims(value, 0) for name, value in evidence.q.items()}
    each = posterior.log_prob_each(of_all, ops.expand_dims(z, 1))  # log q(z_ij given x_k), (batch i, batch k, latent j)
    weights = log_weights(ops.shape(z)[0], images)
    joint = ops.logsumexp(weights + ops.sum(each, axis=-1), axis=1)
    marginals = ops.logsumexp(ops.expand_dims(weights, -1) + each, axis=1)
    return joint - ops.sum(marginals, axis=-1)


def log_weights(batch: int | Tensor, images: Tensor) -> Tensor:
    """The logarithm of how many images each one of a batch stands for, as shares: ``(batch, batch)``, rows sum to 1.

    The image that a draw came from stands for itself alone, 1/N on the diagonal; the others share the rest evenly,
    which is the average of the stratified weights (Chen et al. 2018, appendix C.2) over the order of the batch.

    Args:
        batch: Number of images in the batch.
        images: N, the number of training images. Where it is not known, 0, each image of the batch has the same
            share. So it has in the minibatch-weighted estimate (appendix C.1) too, but for a summand log N of every
            log q, which has no gradient; without it the figure is nearer to the total correlation.
    """
    size = ops.cast(batch, "float32")
    n = ops.maximum(ops.cast(images, "float32"), size)
    others = (n - 1.0) / ops.maximum(size - 1.0, 1.0)
    own = ops.eye(batch)
    return ops.log(own + (1.0 - own) * others) - ops.log(1.0 + (size - 1.0) * others)
