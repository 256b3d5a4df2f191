"""The two terms of the loss: the reconstruction and the KL, both in nats for each image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from latente.language import tr
from latente.lesson.remark import Mistake, as_check, called, identify

RNG = np.random.default_rng(157)
IMAGES, DECODED = (RNG.uniform(0.05, 0.95, (5, 6, 4, 1)).astype("float32") for _ in range(2))
MEAN, LOG_VAR = (RNG.normal(0, 1, (5, 3)).astype("float32") for _ in range(2))
PIXELS = (1, 2, 3)


@as_check
def check_reconstruction(reconstruction: Callable[..., Any]) -> str:
    """Check a reconstruction term: binary cross-entropy, summed over pixels.

    Args:
        reconstruction: Takes images and decoded images ``(n, H, W, C)`` in [0, 1], gives ``(n,)`` or the batch mean.
    """
    x, y = IMAGES.astype("float64"), DECODED.astype("float64")
    pixels = -(x * np.log(y) + (1 - x) * np.log1p(-y))
    right = pixels.sum(PIXELS)
    suspects = {
        "pixel-mean": pixels.mean(PIXELS),
        "batch-sum": pixels.sum(),
        "reconstruction-sign": -right,
        "squared-error": np.square(x - y).sum(PIXELS),
        "taken-for-logits": (np.logaddexp(0, y) - x * y).sum(PIXELS),
        "swapped": -(y * np.log(x) + (1 - y) * np.log1p(-x)).sum(PIXELS),
    }
    value = called("reconstruction", reconstruction, IMAGES, DECODED)
    if np.ndim(value) > 1:
        raise Mistake("not-summed")
    identify(value, right, suspects, "not-cross-entropy")
    return tr("Right: binary cross-entropy, summed over the pixels of each image.")


@as_check
def check_kl(kl: Callable[..., Any]) -> str:
    """Check a KL term: KL(N(mu, sigma^2), N(0, I)), summed over latents.

    Args:
        kl: Takes z_mean and z_log_var ``(n, d)``, gives ``(n,)`` or the batch mean.
    """
    square, log_var = MEAN.astype("float64") ** 2, LOG_VAR.astype("float64")
    each = 0.5 * (square + np.exp(log_var) - 1 - log_var)
    right = each.sum(axis=1)
    suspects = {
        "kl-sign": -right,
        "latent-mean": each.mean(axis=1),
        "kl-batch-sum": each.sum(),
        "no-half": 2 * right,
        "kl-of-sigma": 0.5 * (square + np.exp(0.5 * log_var) - 1 - log_var).sum(axis=1),
        "log-variance-misread": 0.5 * (square + log_var**2 - 1 - np.log(log_var**2)).sum(axis=1),
    }
    value = called("kl", kl, MEAN, LOG_VAR)
    identify(value, right, suspects, "not-the-kl")
    return tr("Right: the KL in nats, summed over the latents of each image, and never negative.")
