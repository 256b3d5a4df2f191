"""Memorization: are samples copies of training images?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import pairwise_distances_argmin

from latente.errors import UserError
from latente.model.arrays import in_batches
from latente.pixels import RESOLUTION

AT_ONCE = 1_000
"""Pairs that are compared at a time, which bounds the memory for their differences."""


@dataclass(frozen=True)
class Memorization:
    """The nearest training image of each sample.

    Attributes:
        index: Which training image it is, ``(n,)``.
        distance: How far it is, ``(n,)``, Euclidean.
        ratio: Median distance over the median distance of held-out images to theirs. About 1: samples are as near
            as unseen real images; near 0: copies. Blurred samples lie nearer to everything, so that somewhat below 1
            alone means nothing.
    """

    index: np.ndarray
    distance: np.ndarray
    ratio: float


def memorization(samples: np.ndarray, held_out: np.ndarray, train: np.ndarray) -> Memorization:
    """Find the nearest training image of samples and compare with held-out images, of which none was seen.

    Args:
        samples: Generated images as pixels in [0, 1] or as features, ``(n, ...)``.
        held_out: Real images that the model was not trained on, ``(m, ...)``.
        train: Training images, ``(N, ...)``.

    Raises:
        UserError: One of them is empty, or most held-out images are training images.
    """
    if min(len(samples), len(held_out), len(train)) == 0:
        raise UserError(
            f"Expected at least one image each. Received {len(samples)} samples, {len(held_out)} held-out images "
            f"and {len(train)} training images."
        )
    index, distance = nearest(samples, train)
    reference = float(np.median(nearest(held_out, train)[1]))
    # Twins that differ by their rounding alone are copies too.
    if reference <= RESOLUTION * float(np.median(_lengths(held_out))):
        raise UserError("Expected held-out images that are not in train. Received mostly copies: split the data anew.")
    return Memorization(index, distance, float(np.median(distance)) / reference)


def nearest(points: np.ndarray, among: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index and Euclidean distance of the nearest of ``(N, ...)`` to each of ``(n, ...)``, both ``(n,)``."""
    points, among = points.reshape(len(points), -1), among.reshape(len(among), -1)
    index = pairwise_distances_argmin(points, among)
    # The search multiplies matrices, whose rounding leaves a distance between an image and its copy, and another one
    # on each processor. The difference of the two images leaves none.
    apart = in_batches(lambda part, i: _lengths(part.astype("float64") - among[i]), points, index, size=AT_ONCE)
    return index, apart


def _lengths(points: np.ndarray) -> np.ndarray:
    """The Euclidean length of each of ``(n, ...)``, ``(n,)``."""
    return np.linalg.norm(points.reshape(len(points), -1), axis=1)
