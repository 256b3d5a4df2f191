"""A small trained run that the journeys look at."""

from pathlib import Path

import pytest

import latente
from latente.training import Run

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
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
