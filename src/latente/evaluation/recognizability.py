"""Recognizability: what a classifier of real images makes of generated ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latente.errors import UserError


@dataclass(frozen=True)
class Recognizability:
    """Read both beside the classifier's accuracy and confidence on real test images: it may be sure of anything.

    Attributes:
        confidence: Mean probability of the most likely class.
        coverage: Entropy of the histogram of most likely classes over log classes: 1 when all appear alike, 0 when
            one class is all there is.
    """

    confidence: float
    coverage: float


def recognizability(probabilities: np.ndarray) -> Recognizability:
    """How sure a classifier is of images, and how many classes it sees.

    Args:
        probabilities: The classifier's, ``(n, classes)`` of at least 2 classes; rows add up to 1.

    Raises:
        UserError: There are no images or no choice of classes.
    """
    if probabilities.ndim != 2 or len(probabilities) == 0 or probabilities.shape[1] < 2:
        raise UserError(f"Expected probabilities (n, classes) of at least 2 classes. Received {probabilities.shape}.")
    classes = probabilities.shape[1]
    share = np.bincount(probabilities.argmax(axis=1), minlength=classes) / len(probabilities)
    seen = share[share > 0]
    return Recognizability(
        confidence=float(probabilities.max(axis=1).mean()),
        coverage=float(-(seen * np.log(seen)).sum() / np.log(classes)) + 0.0,
    )
