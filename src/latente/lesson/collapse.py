"""Exercise 5: telling dead latents, and bringing them back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from latente.evaluation.bounds import gaussian_kl
from latente.language import tr
from latente.lesson.remark import Array, Mistake, array, as_check, called
from latente.model.latent_statistics import ACTIVE_VARIANCE

IMAGES, LATENTS = 400, 5
AUTOENCODER = 20.0
"""Nats of KL per latent that no VAE pays: live latents of the lesson's models have 1 to 4."""

Posterior = tuple[Array, Array]
"""z_mean and z_log_var of images, each ``(n, d)``."""


@as_check
def check_exercise_5(dead_latents: Callable[..., Any], before: Posterior, after: Posterior) -> str:
    """Check a diagnosis of collapse, and its cure.

    Args:
        dead_latents: Takes z_mean and z_log_var ``(n, d)``, says of each latent whether it is dead, ``(d,)``.
        before: z_mean and z_log_var of test images by the collapsed model.
        after: The same by the cured one.
    """
    _judge_diagnosis(dead_latents)
    dead, still = (array("z_mean", each[0]).var(axis=0) < ACTIVE_VARIANCE for each in (before, after))
    if not dead.all():
        raise Mistake("not-collapsed", n=int((~dead).sum()))
    if still.all():
        raise Mistake("not-cured")
    if gaussian_kl(array("z_mean", after[0]), array("z_log_var", after[1])).mean() > AUTOENCODER:
        raise Mistake("autoencoder")
    return tr("Right: all latents were dead, and {n} of {all} live now.", n=int((~still).sum()), all=len(still))


def _judge_diagnosis(dead_latents: Callable[..., Any]) -> None:
    for mistake, (mean, log_var, dead) in _posteriors().items():
        found = called("dead_latents", dead_latents, mean, log_var)
        if np.shape(found) != (LATENTS,):
            raise Mistake("not-per-latent")
        if (np.asarray(found).astype(bool) != dead).any():
            raise Mistake(mistake)


def _posteriors() -> dict[str, tuple[Array, Array, Array]]:
    """Posteriors made by hand, by the mistake that each brings out: z_mean, z_log_var, and which latents are dead."""
    draws = np.random.default_rng(0).standard_normal((IMAGES, LATENTS)).astype("float32")
    draws -= draws.mean(axis=0)
    wide, narrow = np.zeros_like(draws), np.full_like(draws, -2.0)
    dead, live, some = np.full(LATENTS, True), np.full(LATENTS, False), np.arange(LATENTS) >= 2
    constant = np.linspace(-0.1, 0.1, LATENTS, dtype="float32")
    return {
        "by-mean": (draws, narrow, live),
        "by-log-variance": (3 * draws, wide, live),
        "accuses-healthy": (0.4 * draws, narrow / 10, live),
        "misses-collapse": (0.01 * draws, wide, dead),
        "wrong-axis": (0.01 * draws + 2 * constant, wide, dead),
        "misses-partial": (draws * np.where(some, 0.01, 1).astype("float32"), np.where(some, wide, narrow), some),
    }
