"""A run that was killed, or is being trained, is named by the weights that are there, not by its log."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import latente
from latente.errors import UserError
from latente.evaluation import diagnose_run
from latente.training import Run
from latente.training.checkpoint import epochs
from latente.training.public import publish

QUICK = {
    "batch_size": 512,
    "latent_dim": 2,
    "network": "Dense",
    "network.hidden": (8,),
    "training.pictures_every": 0,
    "training.precision": "float32",
}


STEPS = 3
"""Of an epoch: 1,258 images in batches of 512."""


class Killed(BaseException):
    """What a kill looks like from inside."""


def train(path: Path, epochs: int = 3) -> Run:
    return latente.train("digits", path, progress=False, epochs=epochs, **QUICK)


def killed_in_epoch_three(path: Path, monkeypatch: pytest.MonkeyPatch, when: str) -> Run:
    """A run whose process ended while it kept its third epoch, the best so far."""
    save, replace = Run.save, os.replace

    def save_or_die(run: Run, vae: latente.VAE, best: bool) -> None:
        if int(vae.step) == 3 * STEPS:
            if when == "after the log":
                raise Killed
            monkeypatch.setattr(os, "replace", replace_or_die)
        save(run, vae, best)

    def replace_or_die(source: Path, target: Path) -> None:
        if target.name == "last.keras":
            raise Killed
        replace(source, target)

    monkeypatch.setattr(Run, "save", save_or_die)
    with pytest.raises(Killed):
        train(path)
    monkeypatch.undo()
    return Run(path)


def elbo_of_weights(run: Run) -> float:
    """The validation ELBO of the best weights, which says of which epoch they are."""
    vae = run.model()
    vae.compile()
    images = np.asarray(run.data().validation.images)
    return vae.evaluate(images, batch_size=512, verbose=0, return_dict=True)["elbo"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return train(tmp_path_factory.mktemp("runs") / "whole")


@pytest.mark.backend
@pytest.mark.parametrize(("when", "best", "last"), [("after the log", 2, 2), ("between best and last", 3, 2)])
def test_after_a_kill_everything_names_the_epoch_of_the_weights(
    when: str, best: int, last: int, whole: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: with its log an epoch ahead of its checkpoint, the log's epoch was named for the checkpoint's weights."""
    bounds = [entry["val_elbo"] for entry in whole.log]
    assert bounds == sorted(bounds), "the case needs the last epoch to be the best"
    run = killed_in_epoch_three(tmp_path / "run", monkeypatch, when)
    assert elbo_of_weights(run) == pytest.approx(bounds[best - 1], rel=1e-5)
    assert run.best_epoch["epoch"] == run.epoch_of(run.model())["epoch"] == best
    assert run.epoch_of(run.model("last"))["epoch"] == last
    assert [entry["epoch"] for entry in run.log] == [1, 2, 3][:best]
    assert latente.evaluate(run)["elbo"]["epoch"] == best
    diagnose_run(run)
    assert run.metrics["diagnosis"]["epoch"] == best

    resumed = latente.resume(run, progress=False)
    assert [entry["val_elbo"] for entry in resumed.log] == bounds
    assert resumed.best_epoch["epoch"] == 3
    assert elbo_of_weights(resumed) == pytest.approx(bounds[2], rel=1e-5)


def test_a_kill_in_the_first_epoch_leaves_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*arguments: object, best: bool) -> None:
        raise Killed

    monkeypatch.setattr(Run, "save", die)
    with pytest.raises(Killed):
        train(tmp_path / "run", epochs=1)
    for use in (latente.evaluate, lambda run: run.best_epoch):
        with pytest.raises(UserError, match="no trained model yet"):
            use(Run(tmp_path / "run"))


@pytest.mark.parametrize(
    ("steps", "images", "batch", "expected"),
    [
        (0, 0, 10, 0),  # own networks, kept before the first epoch
        (3, 23, 10, 1),  # 10, 10 and 3
        (8, 23, 10, 2),
        (9, 23, 10, 3),
        (9, 20, 10, 4),
        (3, 20, 100, 3),
    ],
)
def test_the_steps_say_the_epochs(steps: int, images: int, batch: int, expected: int) -> None:
    assert epochs(steps, images, batch) == expected


@pytest.mark.parametrize(("best", "last", "logged"), [(2, 2, [1, 2]), (3, 2, [1, 2, 3]), (2, 3, [1, 2, 3])])
def test_a_run_is_finished_when_the_weights_to_go_on_from_are(
    best: int, last: int, logged: list[int], whole: Run, tmp_path: Path
) -> None:
    """Whatever its log says, which is written first, and the best weights, which are written before the last."""
    run = Run.create(tmp_path / "run", whole.config, whole.environment)
    for epoch in (1, 2, 3):
        run.record({"epoch": epoch, "val_elbo": -3.0 if epoch == best else -5.0})
    assert not run.finished and not run.trained
    vae = whole.model()
    for epoch in (best, last):
        vae.step.assign(epoch * STEPS)
        run.save(vae, best=epoch == best)
    assert [entry["epoch"] for entry in run.log] == logged
    assert run.best_epoch["epoch"] == best
    assert run.finished == (last == 3)
    assert whole.finished


def test_what_is_read_while_a_run_trains_stays_named_by_its_own_weights(whole: Run, tmp_path: Path) -> None:
    """Between the reading of the weights and of the log, training may go on."""
    run = Run(shutil.copytree(whole.path, tmp_path / "run"))
    vae = run.model()
    later = run.model()
    run.record({**run.log[-1], "epoch": 4, "val_elbo": 0.0})
    later.step.assign(4 * STEPS)
    run.save(later, best=True)
    assert run.best_epoch["epoch"] == 4
    assert run.epoch_of(vae)["epoch"] == 3


@pytest.mark.parametrize(("when", "best"), [("after the log", 2), ("between best and last", 3)])
def test_what_is_published_names_its_weights_too(
    when: str, best: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = killed_in_epoch_three(tmp_path / "run", monkeypatch, when)
    folder = tmp_path / "public"
    folder.mkdir()
    publish(run, folder)
    assert Run(folder).best_epoch["epoch"] == best
    assert [entry["epoch"] for entry in Run(folder).log] == [1, 2, 3][:best]
