"""What holds of every kind of data: which image is in which split, with which label, whatever wrote it down."""

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hand_made import idx_bytes
from latente import data
from latente.data import idx
from latente.errors import UserError

GIVEN = {"train": range(10, 22), "validation": range(100, 105), "test": range(202, 205)}
POOL = {"": range(1, 241, 6)}
"""Forty images of no split."""

Parts = dict[str, Iterable[int]]


def flat(greys: Iterable[int], side: int = 12) -> np.ndarray:
    """An image for each grey, (n, side, side)."""
    return np.tile(np.array(list(greys), np.uint8)[:, None, None], (1, side, side))


def labels(greys: Iterable[int]) -> np.ndarray:
    """What belongs to them, 0 or 1; not in turn."""
    return np.array(list(greys)) // 4 % 2


def named(grey: int) -> str:
    """Its file, whose name comes elsewhere in the order of names."""
    return f"{grey * 37 % 251:03}.png"


def npz(folder: Path, parts: Parts) -> data.Dataset | str:
    words = {"train": "_train", "validation": "_val", "test": "_test", "": ""}
    arrays = {f"x{words[part]}": flat(greys) for part, greys in parts.items()}
    np.savez(folder / "mine.npz", **arrays, **{f"y{words[part]}": labels(greys) for part, greys in parts.items()})
    return f"npz:{folder / 'mine.npz'}"


def npy(folder: Path, parts: Parts) -> str:
    np.save(folder / "mine.npy", flat(parts[""]))
    return f"npy:{folder / 'mine.npy'}"


def pictures(folder: Path, parts: Parts) -> str:
    for part, greys in parts.items():
        for grey, label in zip(greys, labels(greys), strict=True):
            target = folder / "album" / part / ("cat", "dog")[label] / named(grey)
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(flat([grey])[0]).save(target)
    return f"folder:{folder / 'album'}"


def hub(folder: Path, parts: Parts) -> str:
    library = pytest.importorskip("datasets")
    features = library.Features({"image": library.Image(), "label": library.ClassLabel(names=["cat", "dog"])})
    tables = {
        part or "all": library.Dataset.from_dict(
            {"image": [Image.fromarray(each) for each in flat(greys)], "label": labels(greys)}, features=features
        )
        for part, greys in parts.items()
    }
    library.DatasetDict(tables).save_to_disk(folder / "saved")
    return f"hf:{folder / 'saved'}"


def celeba(folder: Path, parts: Parts) -> str:
    """Its official splits and attributes by the names of the files, which are in another order."""
    place = folder / "data" / "celeba"
    (place / "img_align_celeba").mkdir(parents=True)
    partition, attributes = [], ["40", "Young Smiling"]
    for part, greys in parts.items():
        for grey, label in zip(greys, labels(greys), strict=True):
            name = named(grey)
            Image.fromarray(flat([grey], 178)[0]).save(place / "img_align_celeba" / name)
            partition.append(f"{name} {list(GIVEN).index(part) if part else 0}")
            attributes.append(f"{name} {2 * label - 1} 1")
    if list(parts) != [""]:
        (place / "list_eval_partition.txt").write_text("\n".join(partition))
    (place / "list_attr_celeba.txt").write_text("\n".join(attributes))
    return "celeba"


def array(folder: Path, parts: Parts) -> Callable[..., data.Dataset]:
    pairs = tuple((flat(greys), labels(greys)) for greys in parts.values())
    return lambda **options: data.hold(pairs if len(pairs) > 1 else pairs[0], **options)


KINDS = {"npz": npz, "npy": npy, "folder": pictures, "hf": hub, "celeba": celeba, "array": array}


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., data.Dataset]:
    """Writes images down in a kind of data, and loads them."""

    def written(kind: str, parts: Parts, **options: Any) -> data.Dataset:
        made = KINDS[kind](tmp_path, parts)
        return made(**options) if callable(made) else data.load(made, **options)

    return written


def greys(split: data.Split) -> list[int]:
    images = split.images[:]
    assert (images == images[:, :1, :1, :1]).all()
    return images[:, 0, 0, 0].tolist()


def check_labels(dataset: data.Dataset) -> None:
    for split in dataset.splits.values():
        known = split.labels if split.factors is None else split.factors[:, 0]
        np.testing.assert_array_equal(known, labels(greys(split)))
        if dataset.name.startswith("folder:"):
            assert [Path(file).name for file in split.files] == [named(grey) for grey in greys(split)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "npy"])
def test_a_split_that_is_given_holds_its_own_images_with_their_labels(load: Callable[..., data.Dataset], kind: str):
    found = load(kind, GIVEN, validation=0.3, test=0.4)  # of which nothing is left to do
    assert {part: sorted(greys(split)) for part, split in found.splits.items()} == {
        part: list(those) for part, those in GIVEN.items()
    }
    check_labels(found)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pool_is_cut_into_the_shares_that_are_asked_for(load: Callable[..., data.Dataset], kind: str):
    found = load(kind, POOL, validation=0.25, test=0.1)
    assert [len(split) for split in found.splits.values()] == [26, 10, 4]
    assert sorted(grey for split in found.splits.values() for grey in greys(split)) == list(POOL[""])
    if kind != "npy":
        check_labels(found)


@pytest.mark.parametrize("kind", ["npz", "folder", "hf", "celeba", "array"])
def test_the_split_that_is_missing_alone_is_cut_from_the_training_images(
    load: Callable[..., data.Dataset], kind: str
) -> None:
    """A quarter of twelve."""
    given = {part: GIVEN[part] for part in ("train", "test")}
    found = load(kind, given, validation=0.25, test=0.5)
    assert [len(split) for split in found.splits.values()] == [9, 3, 3]
    assert sorted(greys(found.test)) == list(GIVEN["test"])
    assert sorted(greys(found.train) + greys(found.validation)) == list(GIVEN["train"])
    check_labels(found)


@pytest.mark.parametrize("kind", ["npz", "folder", "hf", "celeba", "array"])
def test_a_subset_is_of_the_training_images_and_keeps_their_labels(load: Callable[..., data.Dataset], kind: str):
    found = load(kind, GIVEN, subset=5)
    chosen = greys(found.train)
    assert len(set(chosen)) == 5 and set(chosen) < set(GIVEN["train"])
    assert (sorted(greys(found.validation)), sorted(greys(found.test))) == (
        list(GIVEN["validation"]),
        list(GIVEN["test"]),
    )
    check_labels(found)


@pytest.mark.parametrize("kind", ["folder", "celeba"])
def test_an_image_that_is_left_out_takes_its_split_and_label_with_it(
    load: Callable[..., data.Dataset], kind: str, tmp_path: Path
):
    load(kind, GIVEN)
    for grey in (10, 17, 103):
        (file,) = tmp_path.rglob(named(grey))
        file.write_bytes(b"no picture")
    found = data.load("celeba" if kind == "celeba" else f"folder:{tmp_path / 'album'}", skip_bad=True)
    assert [len(split) for split in found.splits.values()] == [10, 4, 3]
    assert sorted(greys(found.validation)) == [100, 101, 102, 104]
    check_labels(found)


def test_the_published_files_keep_their_test_images_and_their_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(idx, "COUNTS", {"train": 12, "t10k": 3})
    (tmp_path / "mnist").mkdir()
    for prefix, part in {"train": "train", "t10k": "test"}.items():
        for kind, content in {
            "images-idx3": flat(GIVEN[part], 28),
            "labels-idx1": np.array(GIVEN[part]) % 10,
        }.items():
            (tmp_path / "mnist" / f"{prefix}-{kind}-ubyte.gz").write_bytes(gzip.compress(idx_bytes(content)))
    found = data.load("mnist", data_dir=str(tmp_path), validation=5)
    assert [len(split) for split in found.splits.values()] == [7, 5, 3]
    assert sorted(greys(found.test)) == list(GIVEN["test"])
    assert sorted(greys(found.train) + greys(found.validation)) == list(GIVEN["train"])
    for split in found.splits.values():
        np.testing.assert_array_equal(split.labels, np.array(greys(split)) % 10)


def test_the_shares_of_the_digits_are_of_them_all():
    found = data.load("digits", validation=0.25, test=0.1)
    assert [len(split) for split in found.splits.values()] == [1168, 449, 180]  # of 1,797


def test_static_binarization_draws_each_split_once_and_apart():
    """Of images whose pixels are white with a probability of 128 / 255: 1,280 a split, give or take 0.014."""
    half = data.Split(np.full((20, 8, 8, 1), 128, np.uint8))
    first, again = (data.hold(data.Dataset("half", half, half, half), binarize="static") for _ in range(2))
    assert first.fingerprint == again.fingerprint
    drawn = [split.images for split in first.splits.values()]
    for i, one in enumerate(drawn):
        assert (one == 255).mean() == pytest.approx(128 / 255, abs=0.07)
        for other in drawn[:i]:
            assert (one == other).mean() == pytest.approx(0.5, abs=0.07)


SIZED = ["folder", "hf", "celeba"]


@pytest.mark.parametrize("kind", SIZED)
@pytest.mark.parametrize("size", [(4, 6), (1024, 8)], ids=str)
def test_the_smallest_and_the_largest_size_are_taken(load: Callable[..., data.Dataset], kind: str, size):
    assert load(kind, GIVEN, size=size).image_shape[:2] == size


@pytest.mark.parametrize("kind", SIZED)
@pytest.mark.parametrize("size", [(3, 6), (6, 3), (1025, 8), (8, 1025)], ids=str)
def test_a_size_beyond_is_refused(load: Callable[..., data.Dataset], kind: str, size):
    with pytest.raises(UserError, match=f"size must be 4 to 1024 pixels. Received {size[0]} x {size[1]}"):
        load(kind, GIVEN, size=size)
