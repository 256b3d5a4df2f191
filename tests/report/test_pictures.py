"""Which test images pictures choose."""

import numpy as np
import pytest

from latente.data import Split
from latente.report.pictures import two_unlike, unlike


@pytest.mark.parametrize(
    ("labels", "two", "four"),
    [
        ([5, 5, 3, 5, 0, 3], (0, 2), [0, 2, 4]),
        ([1, 0, 3, 2, 4, 0], (0, 1), [0, 1, 2, 3]),
        ([7, 7, 7, 7, 7, 7], (0, 1), [0, 1, 2, 3]),
        (None, (0, 1), [0, 1, 2, 3]),
    ],
)
def test_the_first_of_each_class_or_simply_the_first(labels: list[int] | None, two: tuple, four: list) -> None:
    split = Split(np.zeros((6, 2, 2, 1), np.uint8), None if labels is None else np.array(labels))
    assert two_unlike(split) == two
    assert unlike(split, 4) == four


def test_a_single_image_is_both_ends() -> None:
    assert two_unlike(Split(np.zeros((1, 2, 2, 1), np.uint8))) == (0, 0)
