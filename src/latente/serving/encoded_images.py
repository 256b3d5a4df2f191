"""The test images of a run in its latent space: a map, neighbours, and what is usual."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from latente.data import Split
from latente.data.dataset import evenly
from latente.pixels import unit_scale
from latente.serving.refusals import Refused

MOST_ENCODED = 10_000
MOST_SCORED = 2_000
AT_ONCE = 500


@dataclass(frozen=True)
class Plane:
    """A plane in the latent space: the point (a, b) is the code ``origin + a * basis[0] + b * basis[1]``.

    Attributes:
        origin: ``(latent_dim,)``.
        basis: Two orthonormal directions, ``(2, latent_dim)``.
        latents: The two latents, or None for the two principal components.
        shares: The share of the codes' variance along each direction.
    """

    origin: np.ndarray
    basis: np.ndarray
    latents: tuple[int, int] | None
    shares: tuple[float, float]

    def project(self, codes: np.ndarray) -> np.ndarray:
        """Where codes ``(n, latent_dim)`` lie on it, ``(n, 2)``."""
        return (codes - self.origin) @ self.basis.T


class EncodedImages:
    """Test images, at most 10,000 of them spread evenly, and their codes.

    Args:
        split: The test split.
        encode: Gives the posterior ``mean`` of images in [0, 1] and their labels.
        elbo_terms: Gives the parts of the ELBO of images, with a seed and their labels.
        labels: The labels of the whole split where the model is conditional, or None.
    """

    def __init__(self, split: Split, encode: Callable, elbo_terms: Callable, labels: np.ndarray | None) -> None:
        self.split = split
        self.indices = evenly(len(split), MOST_ENCODED)
        self._elbo_terms, self._labels = elbo_terms, labels
        self.codes = self._in_batches(lambda *batch: encode(*batch)["mean"], self.indices)
        self._search = NearestNeighbors().fit(self.codes)
        self._elbos: np.ndarray | None = None
        self._scoring = threading.Lock()

    def some(self, n: int) -> np.ndarray:
        """At most n rows of ``indices`` and ``codes``, spread evenly."""
        return evenly(len(self.indices), n)

    def plane(self, dimensions: tuple[int, int] | None) -> Plane:
        """The plane of two latents, or of the two principal components of the codes.

        Raises:
            Refused: There is no such latent, or only one.
        """
        latent_dim = self.codes.shape[1]
        if latent_dim < 2:
            raise Refused("A map needs two latents. This model has one: move its slider instead.")
        if dimensions is None and latent_dim == 2:
            dimensions = (0, 1)
        if dimensions is None:
            pca = PCA(2).fit(self.codes)
            first, second = pca.explained_variance_ratio_.tolist()
            return Plane(pca.mean_, pca.components_, None, (first, second))
        x, y = dimensions
        if x == y or not 0 <= min(dimensions) <= max(dimensions) < latent_dim:
            raise Refused(f"x and y must be two of the latents 0 to {latent_dim - 1}. Received {x} and {y}.")
        basis = np.zeros((2, latent_dim))
        basis[0, x] = basis[1, y] = 1
        centre = self.codes.mean(axis=0)
        centre[[x, y]] = 0  # so that the axes read as the latents themselves
        variances = self.codes.var(axis=0)
        shares = variances / variances.sum()
        return Plane(centre, basis, (x, y), (float(shares[x]), float(shares[y])))

    def neighbours(self, codes: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Euclidean distances and indices into the split of the n nearest images to each code, both ``(codes, n)``."""
        distances, found = self._search.kneighbors(codes, min(n, len(self.codes)))
        return distances, self.indices[found]

    def percentiles(self, elbos: np.ndarray) -> np.ndarray:
        """The share in percent of (at most 2,000) test images whose ELBO is lower than each of these."""
        with self._scoring:
            if self._elbos is None:
                some = self.indices[self.some(MOST_SCORED)]
                usual = self._in_batches(lambda images, labels: self._elbo_terms(images, 0, labels).elbo, some)
                self._elbos = np.sort(usual)
        return 100 * np.searchsorted(self._elbos, elbos) / len(self._elbos)

    def _in_batches(self, function: Callable, indices: np.ndarray) -> np.ndarray:
        """A function of images in [0, 1] and their labels, over those of the split."""
        found = []
        for start in range(0, len(indices), AT_ONCE):
            rows = indices[start : start + AT_ONCE]
            labels = None if self._labels is None else self._labels[rows]
            found.append(function(unit_scale(self.split.images[rows]), labels))
        return np.concatenate(found)
