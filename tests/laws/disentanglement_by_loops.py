"""MIG, DCI and SAP written a second time, from the papers, with loops and other tools than the package's own."""

import math

import numpy as np
from sklearn.metrics import mutual_info_score
from sklearn.tree import DecisionTreeClassifier


def mig(codes: np.ndarray, factors: np.ndarray) -> float:
    """Chen et al. 2018: bins by ``np.histogram``'s edges, information by scikit-learn, in the order of the sum."""
    gaps = []
    for factor in factors.T:
        known = []
        for column in codes.T:
            edges = np.histogram(column, bins=20)[1]
            known.append(mutual_info_score(factor, np.digitize(column, edges[1:-1])))
        best, second = sorted(known, reverse=True)[:2]
        gaps.append((best - second) / mutual_info_score(factor, factor))
    return sum(gaps) / len(gaps)


def dci(codes: np.ndarray, factors: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Eastwood & Williams 2018: bagged trees by hand, then the formulas element by element."""
    rng = np.random.default_rng(seed)
    d, f, n = codes.shape[1], factors.shape[1], 2 * len(codes) // 3
    importance, accuracy = np.zeros((d, f)), 0.0
    for k in range(f):
        votes = np.zeros((len(codes) - n, factors[:, k].max() + 1))
        for _ in range(20):
            # Drawn again and again, a pair weighs more but fills a leaf no more.
            drawn = np.bincount(rng.integers(n, size=n), minlength=n)
            tree = DecisionTreeClassifier(min_samples_leaf=math.ceil(n / 100), random_state=0)
            tree.fit(codes[:n], factors[:n, k], sample_weight=drawn)
            importance[:, k] += tree.feature_importances_ / 20
            votes += tree.predict_proba(codes[n:])
        accuracy += np.mean(votes.argmax(axis=1) == factors[n:, k]) / f
    everything = sum(importance[j, k] for j in range(d) for k in range(f))
    disentanglement = completeness = 0.0
    for j in range(d):
        row = [importance[j, k] for k in range(f)]
        disentanglement += sum(row) / everything * (1 - _entropy(row, base=f))
    for k in range(f):
        column = [importance[j, k] for j in range(d)]
        completeness += sum(column) / everything * (1 - _entropy(column, base=d))
    return disentanglement, completeness, accuracy


def _entropy(weights: list[float], base: int) -> float:
    shares = [w / sum(weights) for w in weights if w > 0]
    return -sum(p * math.log(p, base) for p in shares)


def sap(codes: np.ndarray, factors: np.ndarray) -> float:
    """Kumar et al. 2018: the first two thirds to train on, the machines solved by Newton's method."""
    n = 2 * len(codes) // 3
    gaps = []
    for factor in factors.T:
        accuracies = []
        for column in codes.T:
            x = (column - column.mean()) / column.std()
            values = np.unique(factor)
            lines = [_line(x[:n], factor[:n] == v, n / len(values) / np.sum(factor[:n] == v)) for v in values]
            named = values[np.argmax([slope * x[n:] + offset for slope, offset in lines], axis=0)]
            accuracies.append(np.mean(named == factor[n:]))
        best, second = sorted(accuracies, reverse=True)[:2]
        gaps.append(best - second)
    return sum(gaps) / len(gaps)


def _line(x: np.ndarray, positive: np.ndarray, weight: float) -> np.ndarray:
    """Minimizes |w|^2 / 2 + C sum_i c_i max(0, 1 - y_i w.(x_i, 1))^2, c_i being ``weight`` for the positive rows."""
    rows = np.stack([x, np.ones_like(x)], axis=1)
    y = np.where(positive, 1.0, -1.0)
    cost = 0.01 * np.where(positive, weight, 1.0)
    w = np.zeros(2)
    for _ in range(30):
        slack = np.maximum(0.0, 1.0 - y * (rows @ w))
        gradient = w - 2 * rows.T @ (cost * slack * y)
        curvature = np.eye(2) + 2 * (rows * (cost * (slack > 0))[:, None]).T @ rows
        w = w - np.linalg.solve(curvature, gradient)
    return w
