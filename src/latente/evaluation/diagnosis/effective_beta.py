"""The weight of the KL term that a model was really trained with, read off the model itself.

At a minimum of E_q[-log p(x given z)] + beta * KL over a diagonal Gaussian q, the derivative by every log-variance is
zero. With d KL / d log sigma_j^2 = (sigma_j^2 - 1) / 2 and summed over the dimensions,

    beta = sum_j d reconstruction / d log sigma_j^2  /  (sum_j (1 - sigma_j^2) / 2).

Widening every posterior a little and seeing what the reconstruction loses therefore tells the beta, in summed nats,
whatever the training loss was called. The condition holds on average over the data as soon as the encoder's last layer
has a bias for each log-variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latente.model.arrays import Array
from latente.model.latent_model import Labels, LatentModel
from latente.seeds import drawing

STEP = 0.2
"""Half the change of the log-variance: the error of the central difference is of second order, under 1%."""
DRAWS = 4
"""Draws of z per image, the same for both sides of the difference."""
LEAST_NATS = 0.05
"""The denominator, in nats per image, below which nothing can be read: all posteriors are as wide as the prior."""


@dataclass(frozen=True)
class EffectiveBeta:
    """An estimate and its standard error over the images."""

    value: float
    standard_error: float


def effective_beta(
    model: LatentModel, images: Array, mean: Array, log_var: Array, labels: Labels = None, seed: int = 0
) -> EffectiveBeta | None:
    """Estimate beta from the model's own posteriors.

    Args:
        model: The model.
        images: ``(n, H, W, C)`` in [0, 1].
        mean: Their posterior means, ``(n, d)``.
        log_var: Their log-variances, ``(n, d)``.
        labels: Their classes, where the model is conditional.
        seed: Seed of the draws of z.

    Returns:
        None where every posterior is as wide as the prior, or the estimate is lost in its noise.
    """
    rng = drawing(seed, "effective beta")
    narrower = 0.5 * (1 - np.exp(log_var)).sum(axis=1)
    if not narrower.mean() > LEAST_NATS:
        return None
    slopes = np.zeros(len(images))
    for _ in range(DRAWS):
        noise = rng.standard_normal(mean.shape)
        wide, narrow = (
            model.reconstruction(images, mean + np.exp(0.5 * (log_var + change)) * noise, labels)
            for change in (STEP, -STEP)
        )
        slopes += (wide - narrow) / (2 * STEP * DRAWS)
    value = slopes.mean() / narrower.mean()
    error = (slopes - value * narrower).std() / np.sqrt(len(images)) / narrower.mean()
    return EffectiveBeta(float(value), float(error)) if np.isfinite(value) else None
