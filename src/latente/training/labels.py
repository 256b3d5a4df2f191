"""Which labels a conditional run has, and when they are needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from latente.data import Dataset, Split
from latente.errors import UserError
from latente.model.latent_model import LatentModel

MOST_CLASSES = 1000
"""Each class is a plane beside every image."""


def classes_of(dataset: Dataset) -> list[str]:
    """The names of the classes of a labelled data set, in the order of the labels; numbers where they have none.

    Raises:
        UserError: There are no labels, or they are no classes 0, 1, 2, ...
    """
    splits = [split for split in dataset.splits.values() if len(split)]
    known = [split.labels for split in splits if split.labels is not None]
    if len(known) < len(splits):
        raise UserError(
            f"--conditional needs the class of every image. Received '{dataset.name}', which has no labels: leave "
            f"--conditional out, or choose labelled data (latente data list)."
        )
    labels = np.concatenate(known)
    count = max(int(labels.max()) + 1, len(dataset.class_names or ()))
    if labels.min() < 0 or count > MOST_CLASSES:
        raise UserError(
            f"--conditional needs labels 0, 1, 2, ... of at most {MOST_CLASSES} classes. Received labels from "
            f"{labels.min()} to {labels.max()}: number the classes from 0."
        )
    names = dataset.class_names or ()
    return [*names, *map(str, range(len(names), count))]


def labels_of(model: LatentModel, split: Split, rows: Any = slice(None)) -> np.ndarray | None:
    """The labels of some images of a split where the model is conditional; None where it asks for none."""
    return split.labels[rows] if model.classes and split.labels is not None else None
