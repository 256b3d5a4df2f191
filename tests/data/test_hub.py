import re

import numpy as np
import pytest
from PIL import Image

from latente import data
from latente.errors import UserError
from latente.extras import install

library = pytest.importorskip("datasets")


@pytest.fixture(autouse=True)
def offline(tmp_path, monkeypatch):
    """No test asks the Hub, or leaves anything in the user's cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hub")


def table(pictures, names=("shirt", "shoe")):
    features = library.Features(
        {
            "id": library.Value("int64"),
            "image": library.Image(),
            "label": library.ClassLabel(names=list(names)),
        }
    )
    n = len(pictures)
    columns = {"id": range(n), "image": [Image.fromarray(each) for each in pictures], "label": np.arange(n) % 2}
    return library.Dataset.from_dict({name: list(values) for name, values in columns.items()}, features=features)


@pytest.fixture
def parquet(tmp_path, pictures):
    """A folder as the Hub has it: 24 pictures to train on, 6 to test."""
    folder = tmp_path / "garments"
    folder.mkdir()
    table(pictures[:24]).to_parquet(folder / "train-00000-of-00001.parquet")
    table(pictures[24:]).to_parquet(folder / "test-00000-of-00001.parquet")
    return folder


def test_parquet_keeps_pixels_classes_and_splits(parquet, pictures):
    found = data.load(f"hf:{parquet}", size=20, validation=1 / 6)
    assert [len(split) for split in found.splits.values()] == [20, 4, 6]
    np.testing.assert_array_equal(found.test.images[:][..., 0], pictures[24:])
    assert found.test.labels.tolist() == [0, 1] * 3
    assert found.class_names == ("shirt", "shoe")
    assert data.load(**found.source).fingerprint == found.fingerprint


def test_a_saved_data_set_is_read_and_cut_without_splits(tmp_path, pictures):
    table(pictures).save_to_disk(tmp_path / "saved")
    found = data.load(f"hf:{tmp_path / 'saved'}", size=8, channels=3, validation=1 / 6, test=1 / 6)
    assert [len(split) for split in found.splits.values()] == [20, 5, 5]
    assert found.image_shape == (8, 8, 3)


def test_a_data_set_without_a_train_split_is_one_pool(tmp_path, pictures):
    parts = {"test": table(pictures[:10]), "extra": table(pictures[10:])}
    library.DatasetDict(parts).save_to_disk(tmp_path / "saved")
    found = data.load(f"hf:{tmp_path / 'saved'}", size=8)
    assert [len(split) for split in found.splits.values()] == [24, 3, 3]


def test_classes_that_are_not_told_are_no_labels(tmp_path, pictures):
    """The Hub hides the classes of some test sets as -1, which is no class."""
    train, test = table(pictures[:24]), table(pictures[24:])
    hidden = test.map(lambda row: {"label": -1}, features=test.features)
    library.DatasetDict({"train": train, "test": hidden}).save_to_disk(tmp_path / "saved")
    found = data.load(f"hf:{tmp_path / 'saved'}")
    assert found.test.labels is None and set(found.train.labels) == {0, 1}
    assert "class of some test images is not told" in found.notes[-1]


def test_a_folder_of_pictures_names_its_classes(tmp_path, pictures):
    for i, picture in enumerate(pictures):
        file = tmp_path / "photos" / "train" / ("cat", "dog")[i % 2] / f"{i:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    found = data.load(f"hf:{tmp_path / 'photos'}", size=20)
    assert found.class_names == ("cat", "dog")
    same = {picture.tobytes(): i % 2 for i, picture in enumerate(pictures)}
    assert [same[image.tobytes()] for image in found.train.images] == found.train.labels.tolist()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"image": "photo"}, r"column of the type Image. Received 'photo', of the columns id \(Value\), image"),
        ({"label": "id"}, "column of the type ClassLabel. Received 'id'"),
        ({"config": "large"}, "Received hf:.*large.*--data.config"),
    ],
)
def test_a_column_or_configuration_that_is_not_there_is_refused(parquet, options, match):
    with pytest.raises(UserError, match=match):
        data.load(f"hf:{parquet}", **options)


def test_the_column_that_is_asked_for_is_read_and_cached_as_itself(tmp_path, pictures):
    features = library.Features(
        {
            **{name: library.Image() for name in ("front", "back")},
            **{name: library.ClassLabel(names=["a", "b", "c"]) for name in ("first", "second")},
        }
    )
    columns = {
        "front": [Image.fromarray(np.full((8, 8), grey, np.uint8)) for grey in range(30)],
        "back": [Image.fromarray(np.full((8, 8), 100 + grey, np.uint8)) for grey in range(30)],
        "first": [grey % 3 for grey in range(30)],
        "second": [grey // 10 for grey in range(30)],
    }
    library.Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / "saved")
    for _ in range(2):  # the second time from the cache
        for image, label, base in ((None, None, 0), ("back", "second", 100), ("front", "second", 0)):
            found = data.load(f"hf:{tmp_path / 'saved'}", image=image, label=label)
            greys = np.concatenate([split.images[:][:, 0, 0, 0] for split in found.splits.values()]) - base
            assert sorted(greys) == list(range(30))
            expected = greys // 10 if label else greys % 3
            np.testing.assert_array_equal(np.concatenate([split.labels for split in found.splits.values()]), expected)


def test_a_table_without_pictures_is_refused(tmp_path):
    library.Dataset.from_dict({"text": ["a", "b"]}).save_to_disk(tmp_path / "words")
    with pytest.raises(UserError, match=r"must have a column of images. Received the columns text \(Value\)"):
        data.load(f"hf:{tmp_path / 'words'}")


def test_a_damaged_picture_is_named_or_left_out_with_its_class_and_split(tmp_path, pictures):
    features = library.Features({"image": library.Image(), "label": library.ClassLabel(names=list("abcdefg"))})
    stored = table(pictures).cast_column("image", library.Image(decode=False))["image"]
    columns = {"image": [{"bytes": b"no picture", "path": None}, *stored], "label": [0, *(i % 7 for i in range(30))]}
    parts = {"train": slice(21), "test": slice(21, 31)}
    library.DatasetDict(
        {
            part: library.Dataset.from_dict({name: column[rows] for name, column in columns.items()}, features=features)
            for part, rows in parts.items()
        }
    ).save_to_disk(tmp_path / "saved")
    with pytest.raises(UserError, match="Received train/0: cannot identify"):
        data.load(f"hf:{tmp_path / 'saved'}")
    found = data.load(f"hf:{tmp_path / 'saved'}", skip_bad=True)
    np.testing.assert_array_equal(found.test.images[:][..., 0], pictures[20:])
    assert len(found.train) + len(found.validation) == 20
    known = {picture.tobytes(): i % 7 for i, picture in enumerate(pictures)}
    for split in found.splits.values():
        assert [known[image.tobytes()] for image in split.images[:]] == split.labels.tolist()


@pytest.mark.parametrize("name", ["fashion_mnist", "zalando-datasets/fashion_mnist"])
def test_a_hub_that_does_not_answer_is_told(name):
    with pytest.raises(UserError, match=f"Received hf:{name}: .*the Hub.*Check the name, the network"):
        data.load(f"hf:{name}")
    assert data.absolute(f"hf:{name}") == f"hf:{name}"


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(UserError, match=re.escape(install("datasets"))):
        data.load("hf:fashion_mnist")
