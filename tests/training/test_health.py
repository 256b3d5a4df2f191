"""The warnings of training: at the epoch in which a collapse begins, once."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import latente
from latente.evaluation import diagnose_run
from latente.model.collapse import collapse_warning, collapsed_dimensions
from latente.training.health import Health

SMALL = {"network": "Dense", "network.hidden": (16,), "training.pictures_every": 0, "latent_dim": 4}


def entry(active: int, elbo: float, latents: int = 4) -> dict:
    kl = [1.0] * active + [0.001] * (latents - active)
    return {"val_active_units": float(active), "val_kl_per_dimension": kl, "val_elbo": elbo}


def warned(*entries: dict) -> list[str | None]:
    return [collapse_warning(entries[: i + 1]) for i in range(len(entries))]


def test_a_collapse_is_told_once_at_the_epoch_where_it_begins():
    first, second, third, fourth = warned(entry(4, -50), entry(4, -40), entry(0, -60), entry(0, -60))
    assert (first, second, fourth) == (None, None, None)
    assert "posterior collapse begins" in third
    assert "--objective.schedule linear" in third


def test_a_collapse_from_the_start_says_so():
    first, second = warned(entry(0, -60), entry(0, -60))
    assert "from the start" in first
    assert second is None


def test_a_collapse_is_told_also_where_the_kl_has_no_part_for_each_latent():
    figures = ((2, 9), (0, 0.05), (0, 9))
    alive, dead, small = ({"val_active_units": units, "val_kl": kl, "val_elbo": -50} for units, kl in figures)
    first, second, third = warned(alive, dead, dead)
    assert (first, third) == (None, None)
    assert "posterior collapse begins: the codes carry nothing" in second
    assert warned(small) == [None]  # a small codebook varies little, and says much


def test_dying_latents_are_told_when_they_cost():
    assert "latents are dying" in warned(entry(4, -50), entry(2, -55))[1]
    assert warned(entry(4, -50), entry(2, -45), entry(2, -44)) == [None, None, None]  # pruned, and better for it
    assert warned(entry(4, -50), entry(3, -55)) == [None, None]


def test_a_dimension_is_dead_by_both_criteria():
    kl, variance = np.array([0.001, 0.001, 1.0]), np.array([0.001, 0.5, 0.001])
    assert collapsed_dimensions(kl, variance).tolist() == [True, False, False]
    assert collapsed_dimensions(kl).tolist() == [True, True, False]


def test_training_writes_the_warning_to_the_log_and_to_standard_error(tmp_path: Path, capsys):
    run = latente.train("digits", tmp_path / "run", epochs=6, lr=1e-2, beta=1e4, seed=100, **SMALL)
    warnings = [(e["epoch"], text) for e in run.log for text in e.get("warnings", [])]
    assert len(warnings) == 1
    epoch, text = warnings[0]
    assert f"warning: epoch {epoch}: {text}" in capsys.readouterr().err
    assert [e["epoch"] for e in run.log] == [1, 2, 3, 4, 5, 6]


def test_too_few_steps_are_told_at_the_start_and_by_the_diagnosis(tmp_path: Path, capsys):
    """A hundred photographs, with the defaults: they make 30 steps, and a decoder that seems to ignore its codes."""
    run = latente.train("digits", tmp_path / "run", epochs=1, seed=100, **SMALL)
    told = capsys.readouterr().err.splitlines()[1]  # after the device
    assert "1,258 images in batches of 128 make 10 steps an epoch and 10 in all" in told
    assert "--batch-size 32 --epochs 75" in told
    found = {finding.name: finding for finding in diagnose_run(run).findings}
    assert "of 10 optimizer steps" in found["stopped-too-early"].evidence
    assert "decoder-ignores-z" not in found


@pytest.mark.parametrize(
    ("images", "batch", "epochs", "told"),
    [
        (199, 1, 1, (199, 199, 1, 16)),
        (200, 1, 1, None),
        (330, 10, 6, (33, 198, 10, 91)),
        (331, 10, 6, None),  # 34 steps an epoch, the ragged one included
        (640, 64, 2, (10, 20, 32, 150)),
    ],
)
def test_less_than_two_hundred_steps_are_few(images: int, batch: int, epochs: int, told: tuple | None, capsys):
    run = SimpleNamespace(
        environment={"images": {"train": images, "validation": 9000, "test": 1}},
        config={"training": {"epochs": epochs, "batch_size": batch}},
    )
    for tell in (True, False):
        Health(run, tell).on_train_begin()
        line = (
            "warning: {} images in batches of {} make {} steps an epoch and {} in all, which is too few to learn much. "
            "For 3,000: --batch-size {} --epochs {}\n"
        )
        assert capsys.readouterr().err == (line.format(images, batch, *told) if told and tell else "")


def test_a_healthy_run_is_not_warned(tmp_path: Path, capsys):
    run = latente.train("digits", tmp_path / "run", epochs=2, lr=5e-3, seed=100, **SMALL)
    assert ["warnings" in entry for entry in run.log] == [False, False]
    assert "warning: epoch" not in capsys.readouterr().err
