"""The pairs (code, factors) that every score takes: their checks, their scale, their split."""

from __future__ import annotations

import numpy as np

from latente.errors import UserError
from latente.pixels import RESOLUTION


def checked(codes: np.ndarray, factors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The codes as float64 and the values of each factor renumbered 0, 1, ... without gaps.

    A dimension whose standard deviation is rounding noise beside its values is constant, and becomes exactly 0.

    Raises:
        UserError: See ``scores``.
    """
    codes, factors = np.asarray(codes), np.asarray(factors)
    _check_codes(codes)
    _check_factors(factors, len(codes))
    codes = codes.astype("float64")
    constant = codes.std(axis=0) <= RESOLUTION * np.abs(codes).max(axis=0)
    renumbered = [np.unique(factor, return_inverse=True)[1] for factor in factors.T]
    return np.where(constant, 0.0, codes), np.stack(renumbered, axis=1)


def _check_codes(codes: np.ndarray) -> None:
    if codes.ndim != 2 or codes.dtype.kind not in "fiu" or codes.shape[0] == 0 or codes.shape[1] < 2:
        raise UserError(
            "Disentanglement needs codes of shape (n, d), numbers, with two dimensions or more. "
            f"Received shape {codes.shape} of {codes.dtype}. Give the posterior means of a model with latent_dim >= 2."
        )
    if not np.isfinite(codes).all():
        raise UserError(
            f"Disentanglement needs finite codes. Received {np.count_nonzero(~np.isfinite(codes))} NaN or infinite "
            "numbers. Check whether the training diverged."
        )


def _check_factors(factors: np.ndarray, n: int) -> None:
    if factors.ndim != 2 or factors.dtype.kind not in "iu" or factors.shape[0] != n or factors.shape[1] < 2:
        raise UserError(
            f"Disentanglement needs factors of shape ({n}, f), whole numbers, a row for each code, with two factors or "
            f"more. Received shape {factors.shape} of {factors.dtype}. Number the values of each factor 0, 1, 2, ..."
        )
    still = np.flatnonzero(np.ptp(factors, axis=0) == 0)
    if len(still):
        raise UserError(
            f"Disentanglement needs factors that vary. Received one value only in column {still.tolist()} of the "
            "factors. Leave it out, or take more images."
        )


def standardized(codes: np.ndarray) -> np.ndarray:
    """The codes with mean 0 and variance 1 in each dimension; constant ones become 0."""
    spread = codes.std(axis=0)
    return (codes - codes.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def split(factors: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows to train on (two thirds, as 10,000 and 5,000 in Locatello et al. 2019) and to test on.

    Raises:
        UserError: A factor has only one value among the rows to train on.
    """
    order = np.random.default_rng(seed).permutation(len(factors))
    train, test = order[: 2 * len(order) // 3], order[2 * len(order) // 3 :]
    if len(train) == 0 or (np.ptp(factors[train], axis=0) == 0).any():
        raise UserError(
            "DCI and SAP need two values of every factor among the two thirds of the pairs that they train on. "
            f"Received {len(factors)} pairs, too few or too alike. Give more pairs: 10,000 are customary."
        )
    return train, test


def lead(table: np.ndarray) -> np.ndarray:
    """By how much the best dimension leads the second for each factor: ``(d, f)`` to ``(f,)``."""
    ordered = np.sort(table, axis=0)
    return ordered[-1] - ordered[-2]
