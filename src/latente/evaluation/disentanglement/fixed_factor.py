"""Scores from batches in which one factor is fixed, which a classifier must name: BetaVAE and FactorVAE."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression

from latente.evaluation.disentanglement.pairs import checked, standardized

BATCH = 64
TRAIN, TEST = 10_000, 5_000
"""Images or pairs in a batch, and batches to train and to test on (Locatello et al. 2019, appendix C)."""


def beta_vae(codes: np.ndarray, factors: np.ndarray, seed: int = 0) -> float:
    """The BetaVAE score (Higgins et al. 2017, section 3): the accuracy of naming the factor that pairs share.

    A batch is 64 pairs of images that agree in one factor; its feature is the mean absolute difference of their codes,
    dimension by dimension; the classifier is a logistic regression. Constant codes give 1 / f, a guess. Each value of
    a factor should occur many times, or a pair is often twice the same image.

    Args:
        codes: Posterior means, ``(n, d)``; each dimension is standardized first.
        factors: Whole numbers, ``(n, f)``.
        seed: Seed of the draws.

    Raises:
        UserError: See ``scores``.
    """
    codes, factors = checked(codes, factors)
    codes, rng = standardized(codes), np.random.default_rng(seed)
    model = LogisticRegression(max_iter=1000).fit(*_differences(codes, factors, TRAIN, rng))
    return float(model.score(*_differences(codes, factors, TEST, rng)))


def _differences(
    codes: np.ndarray, factors: np.ndarray, batches: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The features of batches, as many for each factor, ``(b, d)``, and the factor that each fixes, ``(b,)``."""
    each = batches // factors.shape[1]
    features = []
    for factor in factors.T:
        first, second = draw_alike(factor, each * BATCH, 2, rng).T
        features.append(np.abs(codes[first] - codes[second]).reshape(each, BATCH, -1).mean(axis=1))
    return np.concatenate(features), np.repeat(np.arange(factors.shape[1]), each)


def factor_vae(codes: np.ndarray, factors: np.ndarray, seed: int = 0) -> float:
    """The FactorVAE score (Kim & Mnih 2018, section 4): the accuracy of naming the factor that a batch shares.

    The feature of a batch of 64 images that agree in one factor is the dimension whose variance, over its variance in
    all images, is least; the classifier is a majority vote. Constant dimensions are left out; if all are, the score
    is 0. Dimensions of tiny but real variance vote: to leave collapsed ones out too, give the active ones only.

    Args:
        codes: Posterior means, ``(n, d)``.
        factors: Whole numbers, ``(n, f)``. Each value should occur many times, as batches are drawn with replacement.
        seed: Seed of the draws.

    Raises:
        UserError: See ``scores``.
    """
    codes, factors = checked(codes, factors)
    codes, rng = standardized(codes[:, codes.std(axis=0) > 0]), np.random.default_rng(seed)
    if codes.shape[1] == 0:
        return 0.0
    named = _votes(codes, factors, TRAIN, rng).argmax(axis=0)
    votes = _votes(codes, factors, TEST, rng)
    return float(votes[named, np.arange(codes.shape[1])].sum() / votes.sum())


def _votes(codes: np.ndarray, factors: np.ndarray, batches: int, rng: np.random.Generator) -> np.ndarray:
    """How often each dimension varies least while each factor is fixed, ``(f, d)``, in as many batches for each."""
    each = batches // factors.shape[1]
    votes = []
    for factor in factors.T:
        quietest = codes[draw_alike(factor, each, BATCH, rng)].var(axis=1).argmin(axis=1)
        votes.append(np.bincount(quietest, minlength=codes.shape[1]))
    return np.stack(votes)


def draw_alike(factor: np.ndarray, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Rows that agree in a factor, ``(count, size)``: a value as often as it occurs, then its rows with replacement.

    Args:
        factor: The value of each row, 0, 1, ... without gaps, ``(n,)``.
        count: Groups to draw.
        size: Rows in a group.
        rng: Where the draws come from.
    """
    by_value = np.argsort(factor, kind="stable")
    occurs = np.bincount(factor)
    start = np.cumsum(occurs) - occurs
    value = rng.choice(factor, size=(count, 1))
    return by_value[start[value] + rng.integers(occurs[value], size=(count, size))]
