"""Every figure of small runs on the digits: labelled, without labels, tiny."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import latente
from latente.cli import main
from latente.data import load
from latente.errors import UserError
from latente.report import words
from latente.training import Run

SMALL = {"epochs": 2, "batch_size": 128, "network.filters": (4, 6), "network.hidden": 8, "training.pictures_every": 0}
WORDS = {*words.SPLITS, *words.GROUPS, *words.UNITS, *words.CONTROLS}
SHARES = ["precision[classifier]", "recall[classifier]", "coverage[classifier]", "class_coverage[classifier]"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("runs") / "digits"
    return latente.train("digits", run_dir=path, progress=False, latent_dim=3, **SMALL)


def test_each_figure_has_a_value_a_unit_and_a_protocol(run: Run, capsys):
    metrics = latente.evaluate(run, samples=20, images=50)
    assert [*dict.fromkeys(m["group"] for m in metrics.values())] == [
        "bound",
        "latents",
        "reconstructions",
        "samples",
        "interpolations",
    ]
    for name, metric in metrics.items():
        assert metric.keys() >= {"value", "unit", "split", "n", "seed", "epoch"}, name
        assert np.isfinite(metric["value"]).all(), name
    value = {name: metric["value"] for name, metric in metrics.items()}
    parts = value["mutual_information"] + value["total_correlation"] + value["dimension_wise_kl"]
    assert parts == pytest.approx(value["kl"], abs=0.3)  # sampled against closed
    assert sum(value["marginal_kl_per_dimension"]) == pytest.approx(value["dimension_wise_kl"])
    elbo = metrics["log_likelihood"]["controls"]["elbo of these images"]
    assert value["log_likelihood"] > elbo - 0.1  # by the noise of the draws: so early they are nearly equal
    assert metrics["log_likelihood"]["n"] == 50
    assert 1 <= value["effective_samples"] <= 20
    assert "bits_per_dimension" not in value  # grey levels
    assert all(0 <= value[name] <= 1 for name in SHARES)
    assert metrics["precision[classifier]"]["controls"]["train images"] > 0.8
    assert value["frechet[classifier]"] > 3 * metrics["frechet[classifier]"]["controls"]["train images"]
    assert metrics["sample_confidence[classifier]"]["controls"]["real images"] > 0.9
    assert value["classifier_accuracy"] > 0.9
    apart = metrics["sample_distance[classifier]"]["controls"]
    assert apart["real images"] < 1 < apart["noise"]
    middle = metrics["midpoint_distance[classifier]"]["controls"]
    assert middle["real images"] < 1 < middle["noise"]
    assert run.metrics == metrics
    assert_reports_know_the_words(metrics)

    assert main(["evaluate", str(run.path), "--samples", "5", "--images", "10"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    for name in metrics:
        assert any(line.split()[:1] == [name] for line in lines), name
    with pytest.raises(UserError, match="samples >= 0"):
        latente.evaluate(run, samples=-1)


def assert_reports_know_the_words(metrics: dict[str, dict]) -> None:
    """So that they can show them in the reader's language."""
    for metric in metrics.values():
        assert {metric["group"], metric["split"], *metric.get("controls", {})} <= WORDS
        assert {metric["unit"], re.sub(r"\d+", "{n}", metric["unit"])} & WORDS


def test_without_labels_the_pixels_are_the_feature_space(tmp_path: Path, own_cache: Path):
    images = np.where(np.asarray(load("digits").train.images[:300]) > 127, 255, 0).astype("uint8")
    np.savez(tmp_path / "plain.npz", images=images)
    run = latente.train(f"npz:{tmp_path / 'plain.npz'}", tmp_path / "run", progress=False, latent_dim=2, **SMALL)
    metrics = latente.evaluate(run, samples=5)
    assert not [name for name in metrics if "classifier" in name]
    assert metrics["interpolation_smoothness[pixels]"]["controls"]["cross-fade"] == pytest.approx(1, abs=1e-5)
    assert {"midpoint_distance[pixels]", "memorization[pixels]", "sample_sharpness"} <= metrics.keys()
    bits = -metrics["log_likelihood"]["value"] / (144 * np.log(2))
    assert metrics["bits_per_dimension"]["value"] == pytest.approx(bits)
    assert not list(own_cache.glob("classifier-*"))
    json.dumps(metrics, allow_nan=False)


def test_a_handful_of_images_is_enough(tmp_path: Path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (12, 6, 9, 3), dtype=np.uint8)
    np.savez(tmp_path / "few.npz", images=images, labels=np.arange(12) % 2)
    run = latente.train(f"npz:{tmp_path / 'few.npz'}", tmp_path / "run", progress=False, latent_dim=2, **SMALL)
    metrics = latente.evaluate(run)
    assert metrics["elbo"]["n"] == 1
    json.dumps(metrics, allow_nan=False)


def test_known_factors_are_scored(tmp_path: Path):
    few = {"data.subset": 128, "data.validation": 20, "data.test": 150}
    run = latente.train("shapes", tmp_path / "run", progress=False, latent_dim=2, **SMALL, **few)
    metrics = latente.evaluate(run)
    scores = {name: metric["value"] for name, metric in metrics.items() if metric["group"] == "factors"}
    assert scores.keys() >= {"beta_vae", "factor_vae", "mig", "dci_disentanglement", "sap", "modularity", "irs"}
    assert all(0 <= score <= 1 for score in scores.values())
    assert metrics["mig"]["factors"] == ["shape", "scale", "orientation", "x", "y"]
    assert metrics["mig"]["n"] == 150
