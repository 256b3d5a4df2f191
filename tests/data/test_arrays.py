import numpy as np
import pytest

from latente import data
from latente.errors import UserError


@pytest.fixture
def save(tmp_path):
    """Writes an archive and gives its name as a source."""

    def write(**arrays):
        np.savez(tmp_path / "mine.npz", **arrays)
        return f"npz:{tmp_path / 'mine.npz'}"

    return write


def everything(dataset):
    """All images of a data set, as a set of bytes."""
    return {image.tobytes() for split in dataset.splits.values() for image in split.images}


@pytest.mark.parametrize("key", ["images", "imgs", "x", "data", "arr_0"])
def test_one_array_is_split(save, pictures, key):
    loaded = data.load(save(**{key: pictures, "labels": np.arange(30)}))
    assert everything(loaded) == {image.tobytes() for image in pictures}
    for split in loaded.splits.values():
        np.testing.assert_array_equal(split.images[..., 0], pictures[split.labels])


SCALES = {
    "uint8": lambda x: x,
    "int64": lambda x: x.astype(np.int64),
    "float to 255": lambda x: x.astype(np.float32),
    "float to 1": lambda x: x / 255,
    "float32 to 1": lambda x: (x / 255).astype(np.float32),
}


@pytest.mark.parametrize("scale", SCALES)
def test_every_common_scale_gives_the_same_images(save, pictures, scale):
    loaded = data.load(save(images=SCALES[scale](pictures)))
    assert loaded.image_shape == (20, 20, 1)
    assert everything(loaded) == {image.tobytes() for image in pictures}


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_black_and_white_becomes_0_and_255(save, pictures, dtype):
    loaded = data.load(save(images=(pictures > 128).astype(dtype)))
    assert everything(loaded) == {((image > 128) * np.uint8(255)).tobytes() for image in pictures}


def test_given_splits_are_kept_on_one_scale(save, pictures):
    white = pictures.copy()
    white[20:] = 1 - (white[20:] > 100)  # a test split that alone would look like black and white
    name = save(x_train=white[:20], x_test=white[20:], y_train=np.arange(20), y_test=np.arange(20, 30))
    loaded = data.load(name)
    np.testing.assert_array_equal(loaded.test.images[..., 0], white[20:])
    np.testing.assert_array_equal(loaded.test.labels, np.arange(20, 30))
    assert (len(loaded.train), len(loaded.validation)) == (18, 2)


@pytest.mark.parametrize("word", ["val", "valid", "validation"])
def test_a_given_validation_split_is_kept(save, pictures, word):
    loaded = data.load(save(x_train=pictures[:20], x_test=pictures[20:25], **{f"x_{word}": pictures[25:]}))
    np.testing.assert_array_equal(loaded.validation.images[..., 0], pictures[25:])
    assert len(loaded.train) == 20


def test_dsprites_own_file_brings_its_factors(tmp_path, pictures):
    classes = np.random.default_rng(0).integers(0, 3, (30, 6))
    classes[:, 0] = 0
    metadata = np.array({"never": "unpickled"}, dtype=object)
    np.savez(
        tmp_path / "dsprites.npz",
        allow_pickle=True,
        imgs=(pictures > 128).astype(np.uint8),
        latents_classes=classes,
        latents_values=classes / 3,
        metadata=metadata,
    )
    loaded = data.load(f"npz:{tmp_path / 'dsprites.npz'}")
    assert loaded.factor_names == ("shape", "scale", "orientation", "x", "y")
    assert loaded.class_names == ("square", "ellipse", "heart")
    found = {image.tobytes(): tuple(row) for image, row in zip(loaded.train.images, loaded.train.factors, strict=True)}
    wanted = {((pictures[i] > 128) * np.uint8(255)).tobytes(): tuple(classes[i, 1:]) for i in range(30)}
    assert found.items() <= wanted.items()
    np.testing.assert_array_equal(loaded.train.labels, loaded.train.factors[:, 0])  # the shape


def nan(pictures):
    return np.where(np.arange(30)[:, None, None] == 7, np.nan, pictures / 255)


BAD = {
    "no images": ({"weights": np.zeros(3)}, "must hold images under x_train .* Received the keys weights"),
    "nothing": ({}, r"Received the keys \(none\)"),
    "negative": (lambda p: {"images": p.astype(int) - 1}, r"in \[0, 255\] or \[0, 1\]. Received -1 to 25\d"),
    "too bright": (lambda p: {"images": p.astype(int) * 2}, "Received 0 to 5"),
    "centred": (lambda p: {"images": p / 127.5 - 1}, "Received -1 to 1"),
    "infinite": (lambda p: {"images": p / 0.0}, "inf|NaN"),
    "NaN": (lambda p: {"images": nan(p)}, "Received NaN"),
    "flat": (lambda p: {"images": p.reshape(30, 400)}, r"Received shape \(30, 400\). Reshape"),
    "channels first": (lambda p: {"images": p.reshape(30, 2, 20, 10)}, "channels last"),
    "no image": (lambda p: {"images": p[:0]}, r"at least one.*Received shape \(0, 20, 20, 1\)"),
    "text": (lambda p: {"images": np.array(["a"])}, "Received dtype <U1"),
    "unequal": (lambda p: {"x_train": p[:20], "x_test": p[20:, :10]}, "must have one shape"),
    "labels short": (lambda p: {"images": p, "y": np.arange(3)}, "one whole number for each of the 30 images"),
    "labels broken": (lambda p: {"images": p, "y": np.arange(30) / 2}, "one whole number for each"),
    "labels not numbers": (lambda p: {"images": p, "y": np.where(np.arange(30) == 7, np.nan, 1)}, "Received .* nan"),
    "labels infinite": (lambda p: {"images": p, "y": np.where(np.arange(30) == 7, np.inf, 1)}, "from 1.0 to inf"),
    "labels negative": (lambda p: {"images": p, "labels": np.arange(30) - 1}, "labels of .* from -1 to 28. Number the"),
    "labels too large": (lambda p: {"images": p, "y": np.full(30, 2**40)}, "from 0 to 2,147,483,647. .*1099511627776"),
    "factors too large": (
        lambda p: {"imgs": p, "latents_classes": np.full((30, 6), 2**40)},
        "latents_classes of .*2,147",
    ),
    "torchvision's": (
        lambda p: {"images": p.reshape(30, 1, 20, 20)},
        r"channels first. Put .* np.moveaxis\(x, 1, -1\)",
    ),
    "factors short": (lambda p: {"imgs": p, "latents_classes": np.zeros((3, 6))}, "one row for each of the 30"),
    "the same": (lambda p: {"x_train": p, "x_test": p}, "must be disjoint"),
}


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
@pytest.mark.parametrize("case", BAD)
def test_what_is_no_set_of_images_is_refused(save, pictures, case):
    arrays, match = BAD[case]
    with pytest.raises(UserError, match=match):
        data.load(save(**(arrays(pictures) if callable(arrays) else arrays)))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 255, [0, 255]), (0, 1, [0, 255]), (0, 2, [0, 2]), (0.0, 1.0, [0, 255]), (0.0, 1.5, [0, 2])],
)
def test_the_ends_of_both_scales_are_taken(save, pictures, low, high, expected):
    images = np.where(pictures > 128, high, low)
    loaded = data.load(save(images=images))
    assert np.unique(np.concatenate([split.images for split in loaded.splits.values()])).tolist() == expected


@pytest.mark.parametrize(("low", "high"), [(0, 256), (-1, 255), (0.0, 255.5), (-0.5, 1.0)])
def test_the_first_value_beyond_is_refused(save, pictures, low, high):
    with pytest.raises(UserError, match=f"Received {low:g} to {high:g}"):
        data.load(save(images=np.where(pictures > 128, high, low)))


def test_the_largest_label_is_kept_and_the_next_refused(save, pictures):
    largest = np.where(np.arange(30) == 7, 2**31 - 1, 0)
    for given in (lambda labels: data.load(save(images=pictures, y=labels)), lambda y: data.hold(pictures, y)):
        found = given(largest)
        assert max(split.labels.max() for split in found.splits.values()) == 2**31 - 1
        with pytest.raises(UserError, match="30 images|from 0 to 2,147,483,647"):
            given(largest + (largest > 0))


def test_pickles_and_damaged_files_are_refused(tmp_path, pictures):
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "whole.npz", images=pictures)
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:3000])
    (tmp_path / "text.npy").write_text("not an array")
    np.savez(tmp_path / "pickled.npz", allow_pickle=True, images=np.array([{}], dtype=object))
    for name in (
        "npy:objects.npy",
        "npz:cut.npz",
        "npy:text.npy",
        "npz:pickled.npz",
        "npz:absent.npz",
        "npy:absent.npy",
    ):
        with pytest.raises(UserError, match="must be a whole NumPy file without pickled objects"):
            data.load(name.replace(":", f":{tmp_path}/"))
    with pytest.raises(UserError, match="Write npz:"):
        data.load(f"npy:{tmp_path / 'whole.npz'}")


def test_npy_stays_on_disk_when_it_can(tmp_path, pictures):
    np.save(tmp_path / "mine.npy", pictures)
    loaded = data.load(f"npy:{tmp_path / 'mine.npy'}")
    assert isinstance(loaded.train.images.base, np.memmap)
    assert everything(loaded) == {image.tobytes() for image in pictures}
    assert type(loaded.train.images[:3]) is np.ndarray
    with pytest.raises(UserError, match="Write npy:"):
        data.load(f"npz:{tmp_path / 'mine.npy'}")
    np.save(tmp_path / "unit.npy", pictures / 255)
    assert everything(data.load(f"npy:{tmp_path / 'unit.npy'}")) == everything(loaded)
