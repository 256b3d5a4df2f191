"""What the diagnosis of a run looks at: which split, which images of it, which epochs, and what it notes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from latente.data import Dataset, Split
from latente.evaluation.diagnosis import Diagnosis, diagnose_run
from latente.evaluation.diagnosis.finding import Finding
from latente.evaluation.diagnosis.measurements import Measurements
from latente.training import Run

SIDE = (12, 12, 1)  # of the digits, as Latente pads them
GREYS = {"train": 51, "validation": 102, "test": 204}
FOUND = Diagnosis((Finding("blur", "sick", "", {}, "", ""),), {}, {})


def grey(level: int, n: int) -> Split:
    """Images of one grey, but for a first pixel that tells which image it is; so do the labels."""
    pixels = np.full((n, *SIDE), level, np.uint8)
    pixels[:, 0, 0, 0] = np.arange(n) % 256
    return Split(pixels, np.arange(n, dtype="int32") % 7)


def greys(train: int = 257, test: int = 90, binarize: str = "none") -> Dataset:
    sizes = {"train": train, "validation": 50, "test": test}
    return Dataset("greys", *(grey(GREYS[name], n) for name, n in sizes.items()), source={"binarize": binarize})


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Measurements]:
    """Diagnoses a run on other data, and gives what would have been measured."""

    def look(run: Run, data: Dataset, **options: Any) -> Measurements:
        seen: list[Measurements] = []

        def note(measurements: Measurements) -> Diagnosis:
            seen.append(measurements)
            return FOUND

        monkeypatch.setattr(Run, "data", lambda self, data_dir=None: data)
        monkeypatch.setattr("latente.evaluation.diagnosis.run.verdict", note)
        diagnose_run(run, **options)
        return seen[0]

    return look


Look = Callable[..., Measurements]
Make = Callable[..., Run]
SMALL = {"network": "Dense", "network.hidden": (4,), "latent_dim": 2, "batch_size": 64}


def level(images: np.ndarray) -> float:
    """The grey of the last pixel."""
    return float(images[0, -1, -1, 0]) * 255


def test_test_images_are_diagnosed_beside_those_of_training(untrained: Make, looked_at: Look) -> None:
    found = looked_at(untrained("run", **SMALL), greys())
    assert found.train_images is not None
    assert (level(found.images), level(found.train_images)) == pytest.approx((204, 51))
    assert (len(found.images), len(found.train_images)) == (90, 257)
    assert found.labels is None
    assert found.samples is None


def test_of_many_images_2000_are_taken_evenly_with_their_labels(untrained: Make, looked_at: Look) -> None:
    found = looked_at(untrained("run", classes=7, **SMALL), greys(train=2 * 1999 + 1, test=3 * 1999 + 1))
    for images, labels, step in ((found.images, found.labels, 3), (found.train_images, found.train_labels, 2)):
        rows = np.arange(2000) * step
        assert (images[:, 0, 0, 0] * 255).round().astype(int).tolist() == (rows % 256).tolist()
        assert labels.tolist() == (rows % 7).tolist()


def test_the_history_is_that_of_the_run(untrained: Make, looked_at: Look) -> None:
    run = untrained("run", epochs=9, **{**SMALL, "beta": 3.0})
    found = looked_at(run, greys(train=257)).history
    assert (found.beta, found.epochs, found.loss) == (3.0, 9, None)
    assert found.steps == 5  # 64 images a step make 4 and a rest of 257
    assert [entry["epoch"] for entry in found.log] == [1]
    assert looked_at(run, greys(train=256)).history.steps == 4
    assert (
        looked_at(untrained("patient", epochs=9, **SMALL, **{"training.patience": 2}), greys()).history.epochs is None
    )


def test_images_that_are_binarized_anew_are_black_or_white(untrained: Make, looked_at: Look) -> None:
    run = untrained("run", **SMALL)
    found, again = (looked_at(run, greys(binarize="dynamic"), seed=1) for _ in range(2))
    other = looked_at(run, greys(binarize="dynamic"), seed=2)
    assert np.unique(found.images).tolist() == [0, 1]
    assert found.images[:, 1:].mean() == pytest.approx(0.8, abs=0.02)  # of 12,000 pixels
    assert found.train_images[:, 1:].mean() == pytest.approx(0.2, abs=0.02)
    np.testing.assert_array_equal(found.images, again.images)
    assert (found.images != other.images).any()
    assert (found.seed, other.seed) == (1, 2)


def test_an_autoencoder_is_diagnosed_by_its_last_epoch(untrained: Make, looked_at: Look) -> None:
    """Its best is its first, by an ELBO that it does not train."""
    for objective, epoch in (("Autoencoder", 2), ("ELBO", 1)):
        run = untrained(objective, objective=objective, **SMALL)
        run.record({"epoch": 2, "val_elbo": -200.0})
        vae = run.model()
        vae.step.assign(2)
        vae.images.assign(2)
        run.save(vae, best=False)
        looked_at(run, greys())
        assert run.metrics["diagnosis"]["epoch"] == epoch


def test_the_verdict_is_kept_with_its_protocol(untrained: Make, looked_at: Look) -> None:
    run = untrained("run", **SMALL)
    looked_at(run, greys(), seed=4)
    kept = run.metrics["diagnosis"]
    assert {name: kept[name] for name in ("value", "split", "n", "seed", "epoch")} == {
        "value": False,
        "split": "test",
        "n": 90,
        "seed": 4,
        "epoch": 1,
    }
    assert [finding["name"] for finding in kept["findings"]] == ["blur"]
