import itertools
import re

import numpy as np
import pytest

from latente.data import Dataset, Split, binarize, dataset
from latente.data.dataset import Rows, evenly


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
        Split(images[::-1]).fingerprint,
        Split(images, labels).fingerprint,
        Split(images, labels[::-1]).fingerprint,
        Split(images, factors=labels[:, None]).fingerprint,
        Split(images, factors=labels[::-1, None]).fingerprint,
        Split(images, labels, labels[:, None]).fingerprint,
        Split(images, labels, labels[::-1, None]).fingerprint,
    ]
    assert len({*same, *others}) == 10
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in same + others)


def test_a_fingerprint_of_all_follows_each_split_and_the_binarization():
    one, two = (Split(np.full((4, 2, 2, 1), grey, np.uint8)) for grey in (10, 20))
    made = [Dataset("made", *splits) for splits in itertools.product((one, two), repeat=3)]
    made += [Dataset("made", one, one, one, source={"binarize": kind}) for kind in ("static", "dynamic")]
    assert len({each.fingerprint for each in made}) == 8 + 2
    assert Dataset("other", one, one, one, source={"binarize": "none"}).fingerprint == made[0].fingerprint


def test_a_sample_is_spread_over_all_from_the_first_to_the_last():
    assert evenly(10, 4).tolist() == [0, 3, 6, 9]
    assert evenly(1798, 2).tolist() == [0, 1797]
    assert evenly(3, 5).tolist() == evenly(3, 3).tolist() == [0, 1, 2]
    assert evenly(1, 4).tolist() == [0]


def test_of_a_large_split_a_sample_stands_for_the_pixels(monkeypatch):
    """Five images of 16 bytes, of which three are looked at where they are more than is allowed."""
    monkeypatch.setattr(dataset, "FINGERPRINT_SAMPLE", 3)
    plain = np.zeros((5, 4, 4, 1), np.uint8)
    seen = {}
    for large in (79, 80):
        monkeypatch.setattr(dataset, "LARGE", large)
        before = Split(plain).fingerprint
        seen[large] = []
        for i in range(5):
            changed = plain.copy()
            changed[i] = 9
            seen[large].append(Split(changed).fingerprint != before)
    assert seen == {79: [True, False, True, False, True], 80: [True] * 5}


@pytest.mark.parametrize("key", [3, slice(1, 4), slice(None, None, 2), np.array([4, 0, 4])], ids=str)
def test_rows_index_like_the_array_they_stand_for(key):
    base = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 1), np.uint8)
    index = np.array([8, 1, 5, 2, 0])
    rows = Rows(base, index)
    np.testing.assert_array_equal(rows[key], base[index][key])
    np.testing.assert_array_equal(np.asarray(rows), base[index])
    assert rows.shape == (len(rows), 4, 4, 1)
