"""A grid of runs: its points, their training, and going on with it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from latente import data
from latente.errors import UserError
from latente.training import Run, sweep, trainer
from latente.training.callbacks import Diverged
from latente.training.sweep import ensure_trained, grid_points, read_values, train_grid
from training.test_train import QUICK, assert_same, weights

SEEDS = {"seed": [0, 1]}
NAMES = ["seed=0", "seed=1"]


def points(**options):
    return grid_points({"data": "digits", **QUICK, **options})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("sweeps") / "seeds"
    assert [run.name for run in train_grid(points(**SEEDS), path, progress=False)] == NAMES
    return path


def state(folder: Path) -> dict[str, int]:
    return {str(file): file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def test_what_is_finished_is_left_alone(folder: Path, monkeypatch, capsys):
    monkeypatch.setattr(data, "load", lambda **_: pytest.fail("nothing needs the data"))
    before = state(folder)
    assert [run.name for run in train_grid(points(**SEEDS), folder)] == NAMES
    assert state(folder) == before
    assert capsys.readouterr().err == "[1/2] seed=0: finished before\n[2/2] seed=1: finished before\n"


def test_an_interrupted_run_is_resumed_and_nothing_else(folder: Path, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    whole = Run(folder / "seed=1")
    # Interrupted after the log of its last epoch was written, before the checkpoint was.
    shutil.rmtree(copy / "seed=1")
    cut = Run.create(copy / "seed=1", whole.config, whole.environment)
    for entry in whole.log:
        cut.record(entry)
    assert not cut.finished
    other = state(copy / "seed=0")
    assert len(list(train_grid(points(**SEEDS), copy, progress=False))) == 2
    assert state(copy / "seed=0") == other
    assert cut.finished
    assert_same(weights(cut), weights(whole))


def test_more_values_add_runs_and_other_options_are_refused(folder: Path, monkeypatch):
    started = []
    monkeypatch.setattr(sweep, "start", lambda config, path, *_: started.append(path.name) or Run(folder / "seed=0"))
    assert len(list(train_grid(points(seed=[1, 2]), folder, progress=False))) == 2
    assert len(list(train_grid(points(seed=[0, 1], beta=[1, 5]), folder, progress=False))) == 4
    assert started == ["seed=2", "seed=0,beta=5", "seed=1,beta=5"]
    with pytest.raises(UserError, match=r"another sweep: --epochs is 2 there and 3 here"):
        list(train_grid(points(**SEEDS, epochs=3), folder))
    with pytest.raises(UserError, match=r"--seed is 1 there and 0 here"):
        list(train_grid(points(beta=[1, 5]), folder))
    with pytest.raises(UserError, match=r"seed=1 belongs to another sweep: --seed is 1 there and 0 here"):
        list(train_grid(points(**SEEDS)[:1], folder))  # of which nothing varies
    with pytest.raises(UserError, match="holds a run of another config"):
        ensure_trained(points(beta=[1, 5])[1].config, folder / "seed=0", False, {})


def test_the_data_are_loaded_once(tmp_path, monkeypatch):
    loads = []
    load = data.load
    monkeypatch.setattr(
        data, "load", lambda *name, **options: loads.append(options["binarize"]) or load(*name, **options)
    )
    monkeypatch.setattr(trainer, "_fit", lambda *_, **__: None)
    varied = points(**{"data.binarize": ["none", "static"]}, **SEEDS)
    runs = list(train_grid(varied, tmp_path / "a", progress=False))
    assert len(runs) == 4
    assert sorted(loads) == ["none", "static"]
    assert len({id(run.data()) for run in runs}) == 2
    given = load(name="digits")
    assert [run.data() is given for run in train_grid(points(**SEEDS), tmp_path / "b", False, given)] == [True, True]
    assert len(loads) == 2


def test_a_run_that_diverges_is_told_of_and_left_out(folder: Path, tmp_path, monkeypatch, capsys):
    def start(config, *_):
        if config["training"]["seed"] == 1:
            raise Diverged("Training stopped at step 3.")
        return Run(folder / "seed=0")

    monkeypatch.setattr(sweep, "start", start)
    assert [run.name for run in train_grid(points(**SEEDS), tmp_path, progress=False)] == ["seed=0"]
    assert capsys.readouterr().err == "seed=1 is left out of the comparison. Training stopped at step 3.\n"


@pytest.mark.parametrize(
    ("flags", "values"),
    [
        ([("beta", "1,5,10")], {"objective.beta": ["1", "5", "10"]}),
        ([("beta", "1,5"), ("objective.beta", "10")], {"objective.beta": ["1", "5", "10"]}),
        ([("network.filters", "32,64")], {"network.filters": ["32,64"]}),
        ([("network.filters", "32,64"), ("network.filters", "8")], {"network.filters": ["32,64", "8"]}),
        ([("network", "Conv,Dense")], {"network.name": ["Conv", "Dense"]}),
        ([("network", "Dense"), ("network.hidden", "32,64")], {"network.name": ["Dense"], "network.hidden": ["32,64"]}),
        ([("network.hidden", "32,64")], {"network.hidden": ["32", "64"]}),  # of Conv
        ([("latent-dim", "2, 3")], {"latent_dim": ["2", "3"]}),
        ([("data.binarize", "none,static")], {"data.binarize": ["none", "static"]}),
        ([("data.size", "8,12"), ("data.size", "16,16")], {"data.size": ["8,12", "16,16"]}),
        ([("seed", "0,1"), ("epochs", "2,3")], {"training.seed": ["0", "1"], "training.epochs": ["2", "3"]}),
    ],
    ids=str,
)
def test_commas_and_repetition(flags, values):
    assert read_values(flags, {"data.name": "folder:photos"}) == values


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([("beta", "1,,5")], "--beta has an empty value"),
        ([("beta", "")], "--beta has an empty value"),
        ([("network", "Conv,Dense"), ("network.hidden", "32,64")], "repeat the flag once for each value"),
    ],
)
def test_flags_that_do_not_say_what_is_meant(flags, message):
    with pytest.raises(UserError, match=message):
        read_values(flags, {"data.name": "digits"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs an option with several values"),
        ({"beta": [1]}, "needs an option with several values"),
        ({"beta": []}, "--beta needs at least one value"),
        ({"beta": [1, 1.0]}, "Received beta=1 twice"),
        ({"beta": [1, "much"]}, "--beta must be a number. Received 'much'"),
        ({"latnet_dim": [1, 2]}, "Did you mean '--latent-dim'"),
        ({"network": ["Conv", "Dense"], "network.filters": (4, 6)}, "--network.filters belongs to Conv"),
    ],
    ids=str,
)
def test_a_grid_is_checked_before_anything_slow(options, message):
    with pytest.raises(UserError, match=message):
        grid_points({"data": "digits", **options})


def test_names_are_folders_and_keep_values_apart():
    filters = {"network.filters": [(32, 64), (8,)], "lr": [1e-3, 1.5e-3], "objective": ["ELBO", "Autoencoder"]}
    names = [point.name for point in grid_points({"data": "digits", **filters})]
    assert names[0] == "network.filters=32-64,lr=0.001,objective=ELBO"
    assert len(set(names)) == 8
    assert not any(np.char.find(names, "/") >= 0)
