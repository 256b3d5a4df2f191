"""Exercise 4: where beta stands in the loss, and how models of different beta are compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from latente.language import tr
from latente.lesson.remark import Mistake, array, as_check, called, identify

BETAS = (1, 5, 10)
NAMES = ("reconstruction", "kl", "elbo")
RECONSTRUCTION, KL, BETA = np.array([230.0, 251.0, 244.0]), np.array([12.0, 17.0, 9.0]), 4.0
CLOSE = 1e-3


@as_check
def check_exercise_4(beta_loss: Callable[..., Any], results: Mapping[float, Mapping[str, float]]) -> str:
    """Check the loss of a beta-VAE, and a comparison of models trained with beta = 1, 5 and 10.

    Args:
        beta_loss: Takes the reconstruction and the KL of each image ``(n,)`` and beta; gives the loss ``(n,)`` or its
            mean.
        results: For each beta the mean ``reconstruction``, ``kl`` and ``elbo`` on test images, in nats.
    """
    _judge_loss(beta_loss)
    _judge_results(results)
    return tr("Right: beta weighs the KL, and the models are compared by the same ELBO, whatever beta trained them.")


def _judge_loss(beta_loss: Callable[..., Any]) -> None:
    suspects = {
        "beta-on-reconstruction": BETA * RECONSTRUCTION + KL,
        "beta-on-both": BETA * (RECONSTRUCTION + KL),
        "beta-ignored": RECONSTRUCTION + KL,
        "beta-divides": RECONSTRUCTION + KL / BETA,
        "kl-rewarded": RECONSTRUCTION - BETA * KL,
    }
    value = called("beta_loss", beta_loss, RECONSTRUCTION.astype("float32"), KL.astype("float32"), BETA)
    identify(value, RECONSTRUCTION + BETA * KL, suspects, "not-beta-loss")


def _judge_results(results: Mapping[float, Mapping[str, float]]) -> None:
    missing = [f"beta = {beta}" for beta in BETAS if beta not in results]
    missing += sorted({name for name in NAMES for each in results.values() if name not in each})
    if missing:
        raise Mistake("figures-missing", missing=", ".join(missing))
    table = [[array(name, results[beta][name]) for beta in BETAS] for name in NAMES]
    reconstruction, kl, elbo = np.array(table, "float64")
    if np.allclose(elbo, -(reconstruction + kl * BETAS), rtol=CLOSE):
        raise Mistake("weighted-totals")
    if np.allclose(elbo, reconstruction + kl, rtol=CLOSE):
        raise Mistake("elbo-sign")
    if not np.allclose(elbo, -(reconstruction + kl), rtol=CLOSE):
        raise Mistake("not-the-elbo")
    if not (np.diff(kl) < 0).all():
        raise Mistake("kl-does-not-fall", kl=kl.round(1).tolist())
