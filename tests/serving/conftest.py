"""Two served runs of unlike shape, made by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from hand_made import CLASSES, dataset_of, hand_made
from latente.serving import create_app
from latente.training import Run

WIDE, COLOUR = (3, 5, 1), (4, 2, 3)
KL = [0.5, 0.0099, 2.25, 0.01]


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Four latents, no labels, grey images that are wider than high."""
    entry = {"val_kl_per_dimension": KL, "kl": float("nan"), "loss": float("inf"), "beta": 1.5}
    path = tmp_path_factory.mktemp("made") / "wide"
    return hand_made(path, dataset_of(WIDE, 7), entry=entry, latent_dim=4, **{"objective.beta": 1.5, "epochs": 3})


@pytest.fixture(scope="session")
def colour(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three latents, three classes, images in colour that are higher than wide."""
    path = tmp_path_factory.mktemp("made") / "colour"
    return hand_made(path, dataset_of(COLOUR, 12), CLASSES, seed=1, likelihood="Laplace")


@pytest.fixture(scope="session")
def client(wide: Run, colour: Run) -> Iterator[TestClient]:
    """The service over both."""
    with TestClient(create_app([wide, colour]), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def ask(client: TestClient) -> Callable[..., Any]:
    """Asks a run by its name, and gives what was answered, numbers as arrays where they make one."""

    def ask(run: str, what: str, **body: Any) -> Any:
        answer = client.post(f"/api/v1/runs/{run}/{what}", json=body)
        assert answer.status_code == 200, answer.text
        return {name: _array(value) for name, value in answer.json().items()}

    return ask


def _array(value: Any) -> Any:
    try:
        return np.array(value, "float64")
    except (TypeError, ValueError):
        return value
