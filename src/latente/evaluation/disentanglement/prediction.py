"""Scores from predicting each factor from the code: DCI from the whole code, SAP from one dimension at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import LinearSVC

from latente.evaluation.disentanglement.pairs import checked, lead, split, standardized


class DCI(NamedTuple):
    """The three scores of Eastwood & Williams 2018, each in [0, 1].

    Attributes:
        disentanglement: 1 if each dimension serves to predict one factor only.
        completeness: 1 if each factor is predicted from one dimension only.
        informativeness: The accuracy of the predictions on pairs not trained on, mean over factors.
    """

    disentanglement: float
    completeness: float
    informativeness: float


def dci(codes: np.ndarray, factors: np.ndarray, seed: int = 0) -> DCI:
    """Disentanglement, completeness and informativeness (Eastwood & Williams 2018, section 2).

    The predictor is a forest, one of the two of the paper, of 20 trees that see every dimension at every split and
    whose leaves hold at least 1% of the pairs trained on. The boosted trees of Locatello et al. 2019 need 100 trees
    for every value of a factor, minutes for ``shapes``. Leaves of 1% keep the importances near theirs: trees grown to
    the end split on noise and score a noisy code lower, and trees that see random dimensions spread the importance.
    On four synthetic codes, clean to fully mixed, disentanglement and completeness came out 0.00 to 0.08 above those
    of the boosted trees, informativeness up to 0.08 below.
    Constant codes give 0, 0 and the mean frequency of the commonest values.

    Args:
        codes: Posterior means, ``(n, d)``.
        factors: Whole numbers, ``(n, f)``.
        seed: Seed of the split and of the forests.

    Raises:
        UserError: See ``scores``; or too few pairs.
    """
    codes, factors = checked(codes, factors)
    train, test = split(factors, seed)
    importances, accuracies = [], []
    for factor in factors.T:
        forest = RandomForestClassifier(20, max_features=None, min_samples_leaf=0.01, random_state=seed)
        forest.fit(codes[train], factor[train])
        importances.append(forest.feature_importances_)
        accuracies.append(forest.score(codes[test], factor[test]))
    importance = np.stack(importances, axis=1)
    return DCI(concentration(importance, axis=1), concentration(importance, axis=0), float(np.mean(accuracies)))


def concentration(importance: np.ndarray, axis: int) -> float:
    """How far importance gathers in one place along an axis: 1 - entropy / log(places), 0 if there is none at all.

    Args:
        importance: Of each dimension for each factor, ``(d, f)``, >= 0.
        axis: 1 gives the disentanglement of the dimensions, 0 the completeness of the factors; their mean is
            weighted by their importance.
    """
    total = importance.sum(axis=axis, keepdims=True)
    p = importance / np.where(total > 0, total, 1.0)
    entropy = -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=axis)
    weight = total.squeeze(axis) / (total.sum() or 1.0)
    return float(np.sum(weight * (1.0 - entropy / np.log(importance.shape[axis]))))


def sap(codes: np.ndarray, factors: np.ndarray, seed: int = 0) -> float:
    """The separated attribute predictability (Kumar et al. 2018, section 3).

    A linear support vector machine (squared hinge, C = 0.01, one against the rest) predicts each factor from each
    dimension alone. For each factor, the accuracy of the best dimension minus that of the second, on pairs not trained
    on; then the mean over factors. Lines in one variable can hardly name a factor of many values, and a useless second
    dimension still guesses 1 of k: even a perfect code scores well below 1, and factors of two values 0.5 at most.
    Constant codes give 0.

    Args:
        codes: Posterior means, ``(n, d)``; each dimension is standardized first.
        factors: Whole numbers, ``(n, f)``.
        seed: Seed of the split.

    Raises:
        UserError: See ``scores``; or too few pairs.
    """
    codes, factors = checked(codes, factors)
    train, test = split(factors, seed)
    # Plain columns of shape (n, 1): with one variable the primal Newton solver ends in a few steps.
    columns = standardized(codes).T[..., None]
    accuracy = [[_accuracy(column, factor, train, test) for factor in factors.T] for column in columns]
    return float(np.mean(lead(np.array(accuracy))))


def _accuracy(column: np.ndarray, factor: np.ndarray, train: np.ndarray, test: np.ndarray) -> float:
    machine = LinearSVC(C=0.01, class_weight="balanced", dual=False).fit(column[train], factor[train])
    return float(machine.score(column[test], factor[test]))
