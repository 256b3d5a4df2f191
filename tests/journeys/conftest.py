"""A small trained run that the journeys look at."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import latente
from hand_made import after_an_epoch
from latente.training import Run, resolve
from latente.training.config import completed

SMALL = {"epochs": 2, "batch_size": 128, "network.filters": (4, 6), "network.hidden": 8}


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three latents on the digits, with pictures."""
    path = tmp_path_factory.mktemp("runs") / "digits"
    return latente.train(
        "digits", run_dir=path, progress=False, latent_dim=3, **{"training.pictures_every": 1}, **SMALL
    )


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two latents on the digits."""
    path = tmp_path_factory.mktemp("runs") / "plane"
    return latente.train("digits", run_dir=path, progress=False, latent_dim=2, **SMALL)


@pytest.fixture
def untrained(run: Run, tmp_path: Path) -> Callable[..., Run]:
    """Makes a run on the digits from options, with the weights of the start: for what needs a run, but no training."""

    def make(name: str, classes: int = 0, **options: Any) -> Run:
        config = completed(resolve({"data": "digits", "conditional": bool(classes), **options}), 1)
        names = [f"class {number}" for number in range(classes)]
        made = Run.create(tmp_path / name, config, {**run.environment, "classes": names})
        return after_an_epoch(made, 1, {"epoch": 1, "val_elbo": -100.0})

    return make


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
