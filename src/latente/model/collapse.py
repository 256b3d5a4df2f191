"""Posterior collapse: which latents carry nothing, by criteria that training and diagnosis share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latente.language import text
from latente.model.latent_statistics import ACTIVE_VARIANCE

COLLAPSED_KL = 0.01
"""Nats. A latent that carries less says nothing: with sigma = 1 its mean moves by less than 0.14 around 0."""

COLLAPSED_CODE = 0.1
"""Nats. A whole code that carries less says nothing, where the KL has no part for each latent."""

REMEDY = text("Try a tenth of the learning rate, or, with objective ELBO, KL warm-up: --objective.schedule linear")


def collapsed_dimensions(kl_per_dimension: np.ndarray, mean_variance: np.ndarray | None = None) -> np.ndarray:
    """Which latents are dead, ``(latent_dim,)`` booleans: KL_j < 0.01 nats and Var_x(E_q[z_j]) < 0.01.

    Args:
        kl_per_dimension: Mean KL(q(z_j given x), p(z_j)) in nats, ``(latent_dim,)``.
        mean_variance: Variance of the posterior means over the data, ``(latent_dim,)``. Without it the KL alone
            decides, which bounds that variance by 0.02: KL_j is at least half the mean square of the means.
    """
    silent = np.asarray(kl_per_dimension) < COLLAPSED_KL
    return silent if mean_variance is None else silent & (np.asarray(mean_variance) < ACTIVE_VARIANCE)


def collapse_warning(log: Sequence[Mapping[str, Any]]) -> str | None:
    """What to warn of after the last epoch of a log, if a collapse began in it.

    Args:
        log: One entry per epoch, with ``val_active_units``, ``val_elbo``, ``val_kl`` and, where the KL has a part for
            each latent, ``val_kl_per_dimension``.

    Returns:
        One sentence, in English until it is shown, or None: also where the collapse began in an earlier epoch, which
        was told then.
    """
    if _all_dead(log[-1]):
        if len(log) > 1 and _all_dead(log[-2]):
            return None
        each = log[-1].get("val_kl_per_dimension")
        dead = (
            text("all {latents} latents carry less than {nats} nats", latents=len(each), nats=COLLAPSED_KL)
            if each
            else text("the codes carry nothing")
        )
        when = text("the KL dominates from the start") if len(log) == 1 else text("posterior collapse begins")
        return text("{when}: {dead}. {remedy}", when=when, dead=dead, remedy=REMEDY)
    if _mostly_lost(log) and not _mostly_lost(log[:-1]):
        before = max(entry["val_active_units"] for entry in log)
        return text(
            "latents are dying: {now:.0f} active of {before:.0f} before, and the ELBO fell. {remedy}",
            now=log[-1]["val_active_units"],
            before=before,
            remedy=REMEDY,
        )
    return None


def _all_dead(entry: Mapping[str, Any]) -> bool:
    each = entry.get("val_kl_per_dimension")
    silent = entry["val_kl"] < COLLAPSED_CODE if each is None else bool(collapsed_dimensions(each).all())
    return entry["val_active_units"] == 0 and silent


def _mostly_lost(log: Sequence[Mapping[str, Any]]) -> bool:
    """Whether half of the latents that were active once are not now, at the cost of the ELBO at beta = 1.

    Training prunes spare latents too, a few at a time, while its ELBO rises.
    """
    if len(log) < 2:
        return False
    most = max(entry["val_active_units"] for entry in log)
    best = max(entry["val_elbo"] for entry in log)
    return log[-1]["val_active_units"] <= most / 2 and log[-1]["val_elbo"] < best
