"""The importance-weighted bound, as an objective."""

from __future__ import annotations

import math
from typing import Any, Literal

from keras import ops

from latente.errors import UserError
from latente.model.axes import Evidence, Objective, Tensor


class IWAE(Objective):
    """The importance-weighted autoencoder (Burda et al. 2016): log (1/K sum_k w_k), w = p(x, z) / q(z given x).

    Args:
        samples: K, the draws per image; 1 is the ELBO with its KL sampled.
        gradient: 'plain', or 'doubly' for the doubly reparameterized gradient of the encoder (Tucker et al. 2019),
            less noisy the more samples there are; it decodes the draws once more, without a gradient.
    """

    needs = ("density",)
    logged = ("iwae", "effective_samples")

    def __init__(self, samples: int = 5, gradient: Literal["plain", "doubly"] = "plain", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if samples < 1 or gradient not in ("plain", "doubly"):
            raise UserError(
                f"IWAE needs samples of at least 1, and gradient plain or doubly. Received {samples}, {gradient!r}."
            )
        self.samples = samples
        self.gradient = gradient

    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """The negative bound."""
        q, z, log_likelihood = evidence.draws(self.samples)
        log_w = ops.reshape(log_likelihood + evidence.log_ratio(q, z), (self.samples, -1))
        total = ops.logsumexp(log_w, axis=0)
        share = ops.stop_gradient(ops.exp(log_w - total))
        bound = total - math.log(self.samples)
        logs = {"iwae": bound, "effective_samples": 1.0 / ops.sum(ops.square(share), axis=0)}
        if self.gradient == "doubly":
            surrogate = _doubly(evidence, q, z, share)
            bound = surrogate + ops.stop_gradient(bound - surrogate)
        return -bound, logs


def _doubly(evidence: Evidence, q: dict[str, Tensor], z: Tensor, share: Tensor) -> Tensor:
    """A surrogate ``(batch,)`` whose gradient is that of Tucker et al. (2019), equation 8.

    The decoder's gradient is weighted by the shares of the weights. The encoder's comes through the draws alone, and
    is weighted by their squares: once here, once in the draws.
    """
    still = ops.stop_gradient(z)
    scaled = still + ops.reshape(share, (-1, 1)) * (z - still)
    fixed = {name: ops.stop_gradient(value) for name, value in q.items()}
    log_w = evidence.log_likelihood_of(scaled, share.shape[0]) + evidence.log_ratio(fixed, scaled)
    return ops.sum(share * ops.reshape(log_w, (share.shape[0], -1)), axis=0)
