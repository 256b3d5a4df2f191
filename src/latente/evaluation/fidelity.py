"""Two sets of images compared by their features: fidelity (do samples look real?) and diversity (do they cover all?).

The figures depend on the feature space and on the number of samples: compare only like with like.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import pairwise_distances

from latente.errors import UserError
from latente.pixels import RESOLUTION

NEIGHBOURS = 5


def frechet(real: np.ndarray, generated: np.ndarray) -> float:
    """The Fréchet distance of two Gaussians fitted to features (Heusel et al. 2017): 0 for equal moments.

    |m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)), in squared units of the features. Finite samples raise it.

    Args:
        real: Features of real images, ``(n, features)``.
        generated: Features of generated images, ``(m, features)``.

    Raises:
        UserError: Fewer than two rows, or features of different length.
    """
    _check(real, generated, least=2)
    means = real.mean(axis=0, dtype="float64") - generated.mean(axis=0, dtype="float64")
    first, second = (np.atleast_2d(np.cov(x, rowvar=False, dtype="float64")) for x in (real, generated))
    # Tr (S1 S2)^(1/2) = Tr (S1^(1/2) S2 S1^(1/2))^(1/2), and the latter is symmetric.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    cross = np.sqrt(np.clip(np.linalg.eigvalsh(root @ second @ root), 0, None)).sum()
    return float(means @ means + np.trace(first) + np.trace(second) - 2 * cross)


@dataclass(frozen=True)
class Neighbourhoods:
    """Figures from balls around each point that reach to its k-th neighbour in its own set.

    Attributes:
        precision: Share of generated points inside some real ball (Kynkäänniemi et al. 2019): fidelity.
        recall: Share of real points inside some generated ball: diversity.
        density: Mean number of real balls around a generated point, over k (Naeem et al. 2020): fidelity that one
            real outlier with a wide ball cannot feign; about 1 where both sets are alike, and it may exceed 1.
        coverage: Share of real balls with a generated point inside: diversity.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighbourhoods(real: np.ndarray, generated: np.ndarray, k: int = NEIGHBOURS) -> Neighbourhoods:
    """Precision, recall, density and coverage of features.

    Args:
        real: Features of real images, ``(n, features)``.
        generated: Features of generated images, ``(m, features)``.
        k: Which neighbour bounds a ball; the point itself does not count.

    Raises:
        UserError: Not more than k rows, or features of different length.
    """
    _check(real, generated, least=k + 1)
    centre = real.mean(axis=0, dtype="float64")
    real, generated = real - centre, generated - centre
    # A copy of a point's k-th neighbour lies on the rim of its ball, and is inside whatever the rounding says.
    rim = RESOLUTION * np.linalg.norm(real, axis=1).max()
    across = pairwise_distances(real, generated) - rim
    in_real = across <= _radii(real, k)[:, None]
    in_generated = across <= _radii(generated, k)[None, :]
    return Neighbourhoods(
        precision=float(in_real.any(axis=0).mean()),
        recall=float(in_generated.any(axis=1).mean()),
        density=float(in_real.sum(axis=0).mean() / k),
        coverage=float(in_real.any(axis=1).mean()),
    )


def _radii(points: np.ndarray, k: int) -> np.ndarray:
    """The distance of each point to its k-th neighbour; the 0-th is the point itself."""
    return np.partition(pairwise_distances(points), k, axis=1)[:, k]


def _check(real: np.ndarray, generated: np.ndarray, least: int) -> None:
    if real.ndim != 2 or real.shape[1:] != generated.shape[1:] or min(len(real), len(generated)) < least:
        raise UserError(
            f"Expected two arrays (n, features) of at least {least} rows and as many features. "
            f"Received {real.shape} and {generated.shape}."
        )
