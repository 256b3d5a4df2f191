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


def chunks(n: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Thirty grey images without an axis of channels in batches of n, each with the label of its grey."""
    known = split(0, 30)
    return [(known.images[i : i + n, ..., 0], known.labels[i : i + n]) for i in range(0, 30, n)]


class Batches:
    """What Keras's PyDataset is: batches by their number, and how many there are."""

    num_batches = 10

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return chunks(3)[index]


STREAMS = {"a generator": lambda: iter(chunks(3)), "a PyDataset": Batches, "batches of one": lambda: iter(chunks(1))}


@pytest.mark.parametrize("kind", STREAMS)
def test_three_grey_images_in_a_batch_are_no_colour_image(kind: str):
    found, expected = data.hold(STREAMS[kind]()), data.hold(split(0, 30).images, split(0, 30).labels)
    assert found.image_shape == (4, 4, 1)
    for name, one in expected.splits.items():
        np.testing.assert_array_equal(found.splits[name].images, one.images)
        np.testing.assert_array_equal(found.splits[name].labels, one.labels)


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_indexed_gives_one_image_with_its_channels_first_or_last(channels: int):
    greys = range(0, 60, 2)
    images = np.stack([np.full((5, 4, channels), grey, np.uint8) for grey in greys]) + np.arange(channels, dtype="u1")
    expected = data.hold(images, np.arange(30))
    for axis in (0, -1):
        given = [(np.moveaxis(image, -1, axis), np.array(label)) for label, image in enumerate(images)]
        found = data.hold(given)
        assert found.fingerprint == expected.fingerprint
        np.testing.assert_array_equal(found.test.labels, expected.test.labels)


def test_a_tuple_of_images_alone_is_the_images():
    known = split(0, 30)
    alone = data.hold((known.images,))
    assert alone.train.labels is None
    assert alone.fingerprint == data.hold(known.images).fingerprint
    beside, pair = data.hold((known.images,), known.labels), data.hold((known.images, known.labels))
    np.testing.assert_array_equal(beside.train.labels, pair.train.labels)


@pytest.mark.parametrize("shape", [(4, 5, 1), (4, 5, 3)])
def test_one_image_is_no_array_of_images(shape: tuple[int, ...]):
    told = f"Give several images, (N, H, W) or (N, H, W, C). Received shape {shape}, which looks like one."
    with pytest.raises(UserError) as refused:
        data.hold(np.zeros(shape, np.uint8))
    assert str(refused.value) == told
    assert data.hold(np.arange(30 * 5 * 4, dtype="u1").reshape(30, 5, 4)).image_shape == (5, 4, 1)


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
