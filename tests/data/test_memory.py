"""Images that a program holds: how many, and that a run's copy of them is the same."""

import importlib

import numpy as np
import pytest

from latente import data
from latente.data import Dataset, Split, memory
from latente.errors import UserError


def split(first: int, n: int, known: bool = True) -> Split:
    greys = np.arange(first, first + n, dtype=np.uint8)
    images = np.tile(greys[:, None, None, None], (1, 4, 4, 1))
    if not known:
        return Split(images)
    factors = np.stack([greys // 2, greys % 5], axis=1).astype(np.int32)
    return Split(images, greys.astype(np.int32) % 3, factors, np.array([f"{grey}.png" for grey in greys]))


@pytest.mark.parametrize("known", [True, False])
def test_a_copy_holds_all_that_was_given(tmp_path, known: bool):
    names = (("a", "b", "c"), ("half", "rest")) if known else (None, None)
    given = data.hold(Dataset("mine", split(10, 8, known), split(100, 3, known), split(200, 5, known), *names))
    data.keep(given, tmp_path / "copy.npz")
    found = data.kept(tmp_path / "copy.npz", given.source)
    for name, first, n in (("train", 10, 8), ("validation", 100, 3), ("test", 200, 5)):
        expected = split(first, n, known)
        for what in ("images", "labels", "factors", "files"):
            np.testing.assert_array_equal(getattr(found.splits[name], what), getattr(expected, what), err_msg=what)
    assert (found.class_names, found.factor_names) == names
    assert found.fingerprint == given.fingerprint and found.source == given.source


def test_so_many_bytes_are_held_and_no_more(monkeypatch: pytest.MonkeyPatch):
    """Thirty images of 16 bytes, in one array and in batches."""
    images = split(0, 30).images
    dataset = Dataset("mine", Split(images), split(100, 3), split(200, 5))
    for given in (lambda: dataset, lambda: iter([images[:10], images[10:]])):
        monkeypatch.setattr(memory, "MOST", 480)
        assert sum(map(len, data.hold(given()).splits.values())) in (30, 38)
        monkeypatch.setattr(memory, "MOST", 479)
        with pytest.raises(UserError, match="at most 2 GiB"):
            data.hold(given())


def test_so_many_bytes_are_drawn_once_and_no_more(monkeypatch: pytest.MonkeyPatch):
    dataset = Dataset("mine", split(0, 32), split(100, 3), split(200, 5))
    sources = importlib.import_module("latente.data.sources")  # its name in the package is that of a function
    monkeypatch.setattr(sources, "LARGE", 64)
    assert len(data.hold(dataset, binarize="static").train) == 32  # of 16 bytes, 8 * 64
    monkeypatch.setattr(sources, "LARGE", 63)
    with pytest.raises(UserError, match="binarize='static' holds the images in memory, at most 2 GiB. Received 32"):
        data.hold(dataset, binarize="static")
