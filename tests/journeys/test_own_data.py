"""Training on what Python holds: arrays, tensors and batches, kept with the run or given again."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import latente
from latente import data
from latente.cli import main
from latente.errors import UserError
from latente.training import Run
from latente.training.public import publish

QUICK = {
    "epochs": 2,
    "batch_size": 16,
    "latent_dim": 2,
    "network": "Dense",
    "network.hidden": (8,),
    "training.pictures_every": 0,
    "training.precision": "float32",
}
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)
LABELS = RNG.integers(0, 3, 60)
COLOUR = RNG.integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)


def train(given: Any, path: Path, **options: Any) -> Run:
    return latente.train(given, path, progress=False, **{**QUICK, **options})


def batches(*arrays: np.ndarray) -> Iterator[Any]:
    for start in range(0, 60, 25):
        found = tuple(array[start : start + 25] for array in arrays)
        yield found if len(found) > 1 else found[0]


class Batches(keras.utils.PyDataset):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> Any:
        return list(batches(IMAGES, LABELS))[index]


def tensorflow_data(images: np.ndarray, labels: np.ndarray) -> Any:
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((images.astype("float32"), labels))


def torch_data(images: np.ndarray, labels: np.ndarray) -> Any:
    """Channels first and in [0, 1], as torchvision has them."""
    torch = pytest.importorskip("torch")
    return torch.utils.data.TensorDataset(
        torch.from_numpy(np.moveaxis(images, -1, 1).astype("float32") / 255).requires_grad_(), torch.from_numpy(labels)
    )


def loader() -> Any:
    torch = pytest.importorskip("torch")
    return torch.utils.data.DataLoader(torch_data(IMAGES, LABELS), batch_size=25)


SAME: dict[str, Callable[[], Any]] = {
    "floats": lambda: (IMAGES / 255, LABELS),
    "floats of 0 to 255": lambda: (IMAGES.astype("float32"), LABELS),
    "no channel axis": lambda: (IMAGES[..., 0], LABELS),
    "labels in a column": lambda: (IMAGES, LABELS[:, None]),
    "one-hot labels": lambda: (IMAGES, np.eye(3, dtype="float32")[LABELS]),
    "a tensor": lambda: (keras.ops.convert_to_tensor(IMAGES), keras.ops.convert_to_tensor(LABELS)),
    "a generator": lambda: batches(IMAGES, LABELS),
    "a generator of dicts": lambda: ({"images": x, "labels": y} for x, y in batches(IMAGES, LABELS)),
    "a PyDataset": Batches,
    "tf.data": lambda: tensorflow_data(IMAGES, LABELS).batch(25),
    "tf.data of single images": lambda: tensorflow_data(IMAGES, LABELS),
    "a DataLoader": loader,
    "a Dataset of PyTorch": lambda: torch_data(IMAGES, LABELS),
}


@pytest.mark.backend
@pytest.mark.parametrize("kind", SAME)
def test_the_same_images_are_the_same_data_however_they_come(kind: str) -> None:
    found, expected = data.hold(SAME[kind]()), data.hold(IMAGES, LABELS)
    for name, split in expected.splits.items():
        np.testing.assert_array_equal(found.splits[name].images, split.images)
        np.testing.assert_array_equal(found.splits[name].labels, split.labels)
    everything = np.concatenate([split.images for split in expected.splits.values()])
    assert sorted(map(bytes, everything)) == sorted(map(bytes, IMAGES))


def test_colour_and_images_alone() -> None:
    for given in (COLOUR, list(COLOUR), batches(COLOUR), torch_data(COLOUR, LABELS)[:][0], (COLOUR, COLOUR)):
        found = data.hold(given)
        assert found.image_shape == (8, 8, 3)
        assert found.train.labels is None
        assert found.fingerprint == data.hold(COLOUR).fingerprint


def test_a_split_that_is_given_stays() -> None:
    """As ``keras.datasets.mnist.load_data()`` gives it."""
    found = data.hold(((IMAGES[:50, ..., 0], LABELS[:50]), (IMAGES[50:, ..., 0], LABELS[50:])))
    np.testing.assert_array_equal(found.test.images, IMAGES[50:])
    np.testing.assert_array_equal(found.test.labels, LABELS[50:])
    assert len(found.train) + len(found.validation) == 50


@pytest.mark.backend
def test_a_run_on_an_array_is_used_as_any_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The copy goes with the folder: evaluated, reported, resumed where nothing else is left."""
    made = train((IMAGES, LABELS), tmp_path / "made", conditional=True)
    assert made.config["data"]["name"] == "array"
    expected = latente.evaluate(made)["elbo"]["value"]
    moved = tmp_path / "elsewhere"
    shutil.move(made.path, moved)
    assert latente.evaluate(moved)["elbo"]["value"] == expected
    assert main(["report", str(moved)]) == 0
    again = Run.create(tmp_path / "again", Run(moved).config, Run(moved).environment)
    shutil.copy(moved / "data.npz", again.path)
    assert latente.resume(again.path, progress=False).log[-1]["val_elbo"] == Run(moved).log[-1]["val_elbo"]
    assert latente.data.load(f"npz:{moved}/data.npz").train.labels is not None


def test_floats_train_as_the_same_uint8(tmp_path: Path) -> None:
    whole, floats = train(IMAGES, tmp_path / "uint8"), train(IMAGES / 255, tmp_path / "floats")
    assert floats.log[-1]["loss"] == whole.log[-1]["loss"]


@pytest.mark.backend
def test_without_a_copy_the_images_are_given_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = train(IMAGES, tmp_path / "run", keep_data=False)
    assert not list(run.path.glob("*.npz"))
    value = latente.evaluate(run)["elbo"]["value"]  # it has them still
    assert latente.evaluate(Run(run.path, data=IMAGES / 255))["elbo"]["value"] == value
    with pytest.raises(UserError, match=r"keeps no copy of them.*latente.Run\(.*data=images\)"):
        latente.evaluate(run.path)
    for command in (["evaluate"], ["report"], ["train", "--resume"]):
        assert main([*command, str(run.path)]) == 2
        assert "keeps no copy" in capsys.readouterr().err
    with pytest.raises(UserError, match="Give what the run was trained on"):
        latente.evaluate(Run(run.path, data=IMAGES[:40]))


def test_what_goes_to_others_leaves_the_images_here(tmp_path: Path) -> None:
    run = train(IMAGES, tmp_path / "run")
    folder = tmp_path / "public"
    folder.mkdir()
    publish(run, folder)
    assert not (folder / "data.npz").exists()
    with pytest.raises(UserError, match="keeps no copy"):
        Run(folder).data()


def test_a_dataset_made_by_hand_is_taken(tmp_path: Path) -> None:
    split = data.Split(IMAGES[:40], LABELS[:40].astype("int32"))
    mine = data.Dataset("mine", split, data.Split(IMAGES[40:50]), data.Split(IMAGES[50:]), class_names=("a", "b", "c"))
    run = train(mine, tmp_path / "run")
    found = Run(run.path).data()
    np.testing.assert_array_equal(found.train.images, IMAGES[:40])
    assert found.class_names == ("a", "b", "c")


def test_a_sweep_takes_an_array_and_knows_it_again(tmp_path: Path) -> None:
    found = latente.sweep(IMAGES, tmp_path / "sweep", progress=False, seed=[0, 1], **QUICK)
    assert len(found.groups[0].runs) == 2
    with pytest.raises(UserError, match="other images"):
        latente.sweep(IMAGES[:50], tmp_path / "sweep", progress=False, seed=[0, 1], **QUICK)


def endless() -> Iterator[np.ndarray]:
    while True:
        yield np.zeros((1000, 64, 64, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (IMAGES[0], "looks like one"),
        (IMAGES.reshape(60, 64), "Reshape flat images"),
        (np.zeros((9, 8, 8, 4), np.uint8), "Leave out the transparency"),
        (IMAGES.astype("float32") - 100, "pixels in"),
        (IMAGES[:0], "at least one"),
        ((IMAGES, LABELS[:5]), "one class 0, 1, 2, ... for each of the 60 images"),
        ((IMAGES, LABELS - 1), "one class 0, 1, 2"),
        ((IMAGES, LABELS + 2**40), "one class 0, 1, 2"),
        ((IMAGES, LABELS, LABELS), "a tuple of 3"),
        (iter(()), "at least one image. Received none"),
        (endless, "Give images as an array"),
        (endless(), "at most 2 GiB"),
        (["a", "b"], "Each batch must be images"),
        (42, "Give images as an array"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_data_is_refused(given: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        train(given, tmp_path / "run")
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_that_repeats_is_refused() -> None:
    with pytest.raises(UserError, match=r"leave .repeat\(\) out"):
        data.hold(tensorflow_data(IMAGES, LABELS).batch(25).repeat())


def test_the_command_does_not_offer_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "array"]) == 2
    assert "Give them in Python, latente.train(images)" in capsys.readouterr().err
    assert "array" not in data.names()
