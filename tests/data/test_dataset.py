import re

import numpy as np
import pytest

from latente.data import Split, binarize
from latente.data.dataset import Rows


def test_binarize_draws_white_with_the_probability_of_the_grey_level():
    levels = np.array([0, 1, 64, 128, 254, 255], np.uint8)
    n = 200_000
    drawn = binarize(np.tile(levels, (n, 1)), np.random.default_rng(0))
    assert drawn.dtype == np.uint8
    assert set(np.unique(drawn)) == {0, 255}
    np.testing.assert_allclose((drawn == 255).mean(0), levels / 255, atol=4 * np.sqrt(0.25 / n))
    # Exactly, not nearly: black stays black and white stays white.
    assert not drawn[:, 0].any()
    assert drawn[:, -1].all()


def test_a_fingerprint_follows_the_content():
    images = np.arange(10 * 16, dtype=np.uint8).reshape(10, 4, 4, 1)
    labels = np.arange(10, dtype=np.int32)
    same = [Split(images).fingerprint, Split(images.copy()).fingerprint]
    changed = images.copy()
    changed[3, 2, 1] += 1
    others = [
        Split(changed).fingerprint,
        Split(images.reshape(10, 2, 8, 1)).fingerprint,
        Split(images, labels).fingerprint,
        Split(images, labels[::-1]).fingerprint,
    ]
    assert len({*same, *others}) == 5
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in same + others)


@pytest.mark.parametrize("key", [3, slice(1, 4), slice(None, None, 2), np.array([4, 0, 4])], ids=str)
def test_rows_index_like_the_array_they_stand_for(key):
    base = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 1), np.uint8)
    index = np.array([8, 1, 5, 2, 0])
    rows = Rows(base, index)
    np.testing.assert_array_equal(rows[key], base[index][key])
    np.testing.assert_array_equal(np.asarray(rows), base[index])
    assert rows.shape == (len(rows), 4, 4, 1)
