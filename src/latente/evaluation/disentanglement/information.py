"""Scores from the mutual information between one dimension of the code and one factor: MIG and modularity."""

from __future__ import annotations

import numpy as np

from latente.evaluation.disentanglement.pairs import checked, lead
from latente.pixels import RESOLUTION

BINS = 20
"""Bins of a dimension of the code (Locatello et al. 2019, appendix C)."""


def mig(codes: np.ndarray, factors: np.ndarray) -> float:
    """The mutual information gap (Chen et al. 2018, section 4): does one dimension alone know each factor?

    For each factor, the information of the best dimension minus that of the second, over the entropy of the factor;
    then the mean over factors. As 20 bins tell at most log 20 nats, a factor of 40 equally likely values cannot reach
    more than log 20 / log 40 = 0.81. Constant codes give 0.

    Args:
        codes: Posterior means, ``(n, d)``.
        factors: Whole numbers, ``(n, f)``.

    Raises:
        UserError: See ``scores``.
    """
    codes, factors = checked(codes, factors)
    entropies = np.array([entropy(factor) for factor in factors.T])
    return float(np.mean(lead(mutual_information(codes, factors)) / entropies))


def modularity(codes: np.ndarray, factors: np.ndarray) -> float:
    """Modularity (Ridgeway & Mozer 2018, section 3): does each dimension know one factor alone?

    With m the information of a dimension about its best factor, its score is 1 - (sum of the squared information
    about the other factors) / (m^2 (f - 1)); then the mean over dimensions. A dimension that knows nothing scores 0,
    so constant codes give 0. A dimension of pure noise does not: from few pairs it seems to know the factor of the
    most values best.

    Args:
        codes: Posterior means, ``(n, d)``; leave out dimensions of noise if they are not to count.
        factors: Whole numbers, ``(n, f)``.

    Raises:
        UserError: See ``scores``.
    """
    codes, factors = checked(codes, factors)
    squared = mutual_information(codes, factors) ** 2
    best = squared.max(axis=1)
    others = squared.sum(axis=1) - best
    knows = best > 0
    spilled = others / np.where(knows, best, 1.0) / (factors.shape[1] - 1)
    return float(np.mean(np.where(knows, 1.0 - spilled, 0.0)))


def mutual_information(codes: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """I(bin, factor) = H(dimension) + H(factor) - H(both), in nats, ``(d, f)``; rounding noise is 0."""
    bins = binned(codes)
    together = [[entropy(factor * BINS + own) for factor in factors.T] for own in bins.T]
    of_codes = np.array([entropy(own) for own in bins.T])
    of_factors = np.array([entropy(factor) for factor in factors.T])
    information = of_codes[:, None] + of_factors - np.array(together)
    return np.where(information > 1e-12, information, 0.0)


def binned(codes: np.ndarray) -> np.ndarray:
    """The bin of each number, 0 to 19, ``(n, d)``: equal widths from the least to the greatest of its dimension.

    A bin holds its lower edge, the last one also its upper. Codes on an edge stay together whatever their rounding.
    """
    width = np.ptp(codes, axis=0)
    place = BINS * (codes - codes.min(axis=0)) / np.where(width > 0, width, 1.0)
    return np.minimum((place + BINS * RESOLUTION).astype(np.intp), BINS - 1)


def entropy(labels: np.ndarray) -> float:
    """The entropy of whole numbers >= 0 by their frequencies, in nats."""
    counts = np.bincount(labels)
    p = counts[counts > 0] / len(labels)
    return float(-np.sum(p * np.log(p)))
