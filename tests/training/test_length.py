"""How long a run trains where nobody says: by the size of the data."""

from pathlib import Path

import pytest

import latente
from latente.errors import UserError
from latente.training.config import resolve
from latente.training.length import length
from latente.training.sweep import grid_points, train_grid

TINY = {"latent_dim": 2, "network": "Dense", "network.hidden": (8,), "training.pictures_every": 0, "data.subset": 40}


@pytest.mark.parametrize(
    ("images", "batch", "epochs"),
    [
        (55_000, 128, 30),  # the lesson's
        (162_770, 128, 30),
        (12_800, 128, 30),
        (12_799, 64, 30),
        (6_399, 32, 30),
        (3_199, 16, 30),
        (5_000, 32, 30),  # 4,710 steps
        (1_258, 16, 38),  # the digits: 79 steps an epoch
        (240, 16, 200),
        (100, 16, 429),
        (10, 16, 500),  # no more epochs than that
        (1, 16, 500),
    ],
)
def test_the_size_of_the_data_chooses(images: int, batch: int, epochs: int) -> None:
    chosen = length(images, None, None, None)
    assert (chosen.batch_size, chosen.epochs) == (batch, epochs)


@pytest.mark.parametrize(
    ("given", "batch", "epochs"),
    [
        ({"epochs": 5}, 128, 5),  # as ever
        ({"batch_size": 64}, 64, 150),  # 20 steps an epoch
        ({"steps": 1000}, 16, 13),  # of 79 steps
        ({"batch_size": 64, "steps": 100}, 64, 5),
        ({"batch_size": 64, "epochs": 5, "steps": 100}, 64, 5),
    ],
)
def test_what_is_given_stays(given: dict[str, int], batch: int, epochs: int) -> None:
    chosen = length(1_258, *(given.get(name) for name in ("batch_size", "epochs", "steps")))
    assert (chosen.batch_size, chosen.epochs) == (batch, epochs)


def test_epochs_and_steps_that_do_not_agree_are_refused() -> None:
    with pytest.raises(UserError, match="Give epochs or steps. Received both, 5 epochs and 1000 steps"):
        length(1_258, None, 5, 1000)


def test_the_choice_is_told_recorded_and_repeated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = latente.train("digits", tmp_path / "run", steps=20, **TINY)
    told = capsys.readouterr().err.splitlines()[0]
    assert told.startswith("40 images: batches of 16, 7 epochs, 21 steps; --batch-size, --epochs or --steps")
    assert {name: run.config["training"][name] for name in ("batch_size", "epochs", "steps")} == {
        "batch_size": 16,
        "epochs": 7,
        "steps": 20,
    }
    assert [entry["epoch"] for entry in run.log] == [1, 2, 3, 4, 5, 6, 7]
    assert run.log[-1]["learning_rate"] == pytest.approx(0, abs=1e-9)  # the cosine ends where the run does
    assert resolve(run.config) == run.config | {"network": run.config["network"] | {"hidden": (8,)}}


def test_a_sweep_knows_the_runs_whose_length_the_data_chose(tmp_path: Path) -> None:
    points = grid_points({"data": "digits", "seed": [0, 1], "steps": 3, **TINY})
    runs = list(train_grid(points, tmp_path / "sweep", progress=False))
    assert [run.finished for run in runs] == [True, True]
    before = [run.log for run in runs]
    assert [len(log) for log in before] == [1, 1]  # three steps of 16 images are the epoch of 40
    assert [run.log for run in train_grid(points, tmp_path / "sweep", progress=False)] == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_digits_with_all_defaults_learn_something(seed: int, tmp_path: Path) -> None:
    """Bug: the first thing that one tries collapsed, with none of ten latents active."""
    run = latente.train("digits", tmp_path / "run", progress=False, seed=seed)
    assert run.best_epoch["val_active_units"] >= 4
