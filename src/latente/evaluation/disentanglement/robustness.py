"""The interventional robustness score: how still a dimension stays while one factor is held and the others change."""

from __future__ import annotations

import numpy as np

from latente.evaluation.disentanglement.pairs import checked

QUANTILE = 0.99
"""Of the deviations within a value of a factor, instead of their maximum (Locatello et al. 2019, appendix C)."""


def irs(codes: np.ndarray, factors: np.ndarray) -> float:
    """The interventional robustness score (Suter et al. 2019), with a quantile for the maximum.

    A dimension's score for a factor is 1 - (deviation from its mean while the factor is held, averaged over the
    factor's values) / (its largest deviation from its mean in all images). Each dimension counts with its best factor
    and is weighted by that largest deviation. Constant codes give 0.

    Args:
        codes: Posterior means, ``(n, d)``; alone among the scores, this one depends on the unit of each dimension.
        factors: Whole numbers, ``(n, f)``; while a value of few images is held, a code looks more robust than it is.

    Raises:
        UserError: See ``scores``.
    """
    codes, factors = checked(codes, factors)
    largest = np.abs(codes - codes.mean(axis=0)).max(axis=0)
    if not largest.any():
        return 0.0
    held = np.stack([_deviation(codes, factor) for factor in factors.T])
    robust = 1.0 - held.min(axis=0) / np.where(largest > 0, largest, 1.0)
    return float(np.average(robust, weights=largest))


def _deviation(codes: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """The deviation of each dimension from its mean while the factor is held, averaged over its values, ``(d,)``."""
    groups = (codes[factor == value] for value in np.unique(factor))
    return np.mean([np.quantile(np.abs(group - group.mean(axis=0)), QUANTILE, axis=0) for group in groups], axis=0)
