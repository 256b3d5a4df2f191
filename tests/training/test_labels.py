"""The classes of a conditional run: their names and their number."""

import numpy as np
import pytest

from latente.data import Dataset, Split
from latente.errors import UserError
from latente.training.labels import classes_of


def labelled(*labels: list[int] | None, names: tuple[str, ...] | None = None) -> Dataset:
    """A data set of these labels, split by split."""
    splits = (
        Split(np.zeros((len(each or [0]), 1, 1, 1), np.uint8), None if each is None else np.array(each, np.int32))
        for each in labels
    )
    return Dataset("made", *splits, class_names=names)


def test_classes_are_counted_over_all_splits_and_named_as_far_as_they_are():
    assert classes_of(labelled([0, 1], [0], [3])) == ["0", "1", "2", "3"]
    assert classes_of(labelled([0], [3], [0], names=("cat", "dog"))) == ["cat", "dog", "2", "3"]
    assert classes_of(labelled([0], [1], [0], names=("cat", "dog", "cow"))) == ["cat", "dog", "cow"]


def test_a_thousand_classes_are_taken_and_no_more():
    assert len(classes_of(labelled([0], [999], [0]))) == 1000
    with pytest.raises(UserError, match="at most 1000 classes. Received labels from 0 to 1000"):
        classes_of(labelled([0], [0], [1000]))
    with pytest.raises(UserError, match="Received labels from -1 to 1"):
        classes_of(labelled([1], [0], [-1]))


@pytest.mark.parametrize("missing", range(3))
def test_every_split_must_have_labels(missing: int):
    labels = [None if part == missing else [0, 1] for part in range(3)]
    with pytest.raises(UserError, match="'made', which has no labels"):
        classes_of(labelled(*labels))
