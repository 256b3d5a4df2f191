"""What happens beside the steps: what is recorded of an epoch, what is drawn after it, and what ends the training."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latente.data import Dataset, Split
from latente.training import callbacks
from latente.training.callbacks import Diverged, NonFiniteGuard, Pictures, Recorder
from latente.training.settings import Settings


class Notes:
    """What a run is told."""

    name, classes, trained = "notes", [], False
    config = {"training": {"lr": 0.5}}

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.best: list[bool] = []

    def record(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        self.log.append(entry)
        return self.log

    def save(self, vae: Any, best: bool) -> None:
        self.best.append(best)

    def picture_path(self, what: str, epoch: int) -> tuple[str, int]:
        return what, epoch


def model(kl_per_dimension: np.ndarray | None = None) -> Any:
    return SimpleNamespace(
        optimizer=SimpleNamespace(iterations=np.array(7), learning_rate=np.array(0.25)),
        latent_statistics=SimpleNamespace(kl_per_dimension=lambda: kl_per_dimension),
        stop_training=False,
    )


def recorded(bounds: list[float], **settings: Any) -> tuple[Notes, list[int]]:
    """The run after epochs of these validation ELBOs, and those after which training was told to stop."""
    run, stopped = Notes(), []
    recorder = Recorder(run, 23, Settings(**settings))
    recorder.set_model(model())
    for epoch, bound in enumerate(bounds):
        recorder.on_epoch_begin(epoch)
        recorder.on_train_batch_end(0)
        recorder.on_epoch_end(epoch, {"elbo": 0.0, "val_elbo": bound})
        if recorder.model.stop_training:
            stopped.append(epoch + 1)
            recorder.model.stop_training = False
    return run, stopped


def test_the_best_epoch_is_that_of_the_best_validation_and_the_first_of_equals():
    run, stopped = recorded([-5.0, -3.0, -4.0, -3.0, -2.0], epochs=9)
    assert run.best == [True, True, False, False, True]
    assert [entry["epoch"] for entry in run.log] == [1, 2, 3, 4, 5]
    assert stopped == []


def test_training_ends_after_its_last_epoch_or_after_so_many_that_are_no_better():
    assert recorded([-5.0, -4.0, -3.0], epochs=3)[1] == [3]
    assert recorded([-5.0, -6.0, -4.0, -4.0, -4.5, -3.0], epochs=9, patience=2)[1] == [5]
    assert recorded([-5.0, -6.0, -4.0, -4.0, -4.5, -3.0], epochs=9, patience=3)[1] == []
    assert recorded([-5.0, -6.0, -7.0, -8.0], epochs=9, patience=0)[1] == []


def test_the_speed_is_that_of_the_training_images_without_the_validation(monkeypatch: pytest.MonkeyPatch):
    clock = iter([100.0, 100.5, 104.0, 110.0])
    monkeypatch.setattr(callbacks, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    run = Notes()
    recorder = Recorder(run, 23, Settings(epochs=9))
    recorder.set_model(model(np.array([0.5, 2.0])))
    recorder.on_epoch_begin(0)
    recorder.on_train_batch_end(0)
    recorder.on_train_batch_end(1)
    recorder.on_epoch_end(0, {"loss": np.float32(1.5), "val_elbo": -1.0})
    assert run.log == [
        {
            "epoch": 1,
            "loss": 1.5,
            "val_elbo": -1.0,
            "val_kl_per_dimension": [0.5, 2.0],
            "learning_rate": 0.25,
            "images_per_second": 5.75,  # 23 in 4 seconds
            "seconds": 10.0,
        }
    ]


@pytest.mark.parametrize("name", ["loss", "reconstruction", "kl"])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_figure_that_is_no_number_ends_the_training(name: str, value: float):
    guard = NonFiniteGuard(Notes())
    guard.set_model(model())
    fine = {"loss": 1e30, "reconstruction": 0.0, "kl": -1.0}
    for prefix in ("", "val_"):
        guard.on_train_batch_end(0, fine)
        guard.on_epoch_end(0, {f"val_{key}": each for key, each in fine.items()})
        logs = {f"{prefix}{key}": each for key, each in (fine | {name: value}).items()}
        when = ", at the end of its epoch" if prefix else ""
        with pytest.raises(Diverged, match=rf"at step 7{when}: not a finite number: {name}\..*it is 0.5"):
            guard.on_epoch_end(0, logs) if prefix else guard.on_train_batch_end(2, logs)


class Drawing:
    """Draws each sample in the grey of its label, and as reconstructions the images in reverse, plus their labels."""

    classes = 3

    def evenly(self, n: int) -> np.ndarray:
        return np.arange(n) % 3

    def sample(self, n: int, seed: int, labels: np.ndarray) -> np.ndarray:
        return np.tile(labels[:, None, None, None], (1, 4, 4, 1))

    def reconstruct(self, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
        return images[::-1] + labels[:, None, None, None]


def test_pictures_are_of_the_validation_images_every_few_epochs_and_after_the_last(monkeypatch: pytest.MonkeyPatch):
    greys = [np.arange(first, first + 12, dtype=np.uint8) for first in (10, 100, 200)]
    splits = (Split(np.tile(each[:, None, None, None], (1, 4, 4, 1)), each % 3) for each in greys)
    drawn: dict[tuple[str, int], list[int]] = {}
    flat = lambda images: images[:, 0, 0, 0].tolist()  # noqa: E731
    monkeypatch.setattr(callbacks, "grid", lambda images, *_, **__: flat(images))
    monkeypatch.setattr(callbacks, "rows", lambda pairs, **_: [flat(each) for each in pairs.values()])
    monkeypatch.setattr(callbacks, "save_figure", lambda sheet, path: drawn.update({path: sheet}))
    pictures = Pictures(Notes(), Dataset("greys", *splits), every=2, epochs=5)
    pictures.set_model(Drawing())
    for epoch in range(5):
        pictures.on_epoch_end(epoch)
    assert sorted(drawn) == [(what, epoch) for what in ("reconstructions", "samples") for epoch in (2, 4, 5)]
    assert drawn["samples", 2] == [number % 3 for number in range(64)]
    shown = list(range(100, 110))
    assert drawn["reconstructions", 4] == [shown, [109 - i + (100 + i) % 3 for i in range(10)]]
