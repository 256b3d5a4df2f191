"""Scores of ordinary and of strange images, by a small model of the digits."""

from dataclasses import replace

import numpy as np
import pytest

import latente
from latente.data import Dataset, Split
from latente.errors import UserError
from latente.evaluation import elbo_terms, score
from latente.evaluation.anomaly import SCORES, Ordinary, png_length
from latente.training import Run

OPTIONS = {"epochs": 2, "batch_size": 128, "latent_dim": 3, "network": "Dense", "network.hidden": (32,)}
CALIBRATION = {"typicality", *(f"{name}_percentile" for name in SCORES)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Three latents on the digits."""
    return latente.train("digits", tmp_path_factory.mktemp("runs") / "digits", progress=False, **OPTIONS)


def strange(images: np.ndarray) -> Dataset:
    """Images that all go to the first split."""
    none = Split(images[:0])
    return Dataset("strange", Split(images), none, none)


def columns(n: int = 200) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    drawn = {name: rng.normal(100, 10, n) for name in ("reconstruction", "kl", "png")}
    return {"elbo": -drawn["reconstruction"] - drawn["kl"], **drawn}


def test_every_image_has_its_bound_and_its_scores(run: Run):
    digits = run.data()
    found = score(run, digits, seed=3)
    assert (found.auroc, found.inliers, found.missing) == ({}, 0, "")
    assert found.reference == len(digits.validation)
    expected = elbo_terms(run.model(), digits.test.images, seed=3)
    mine = {name: values[-len(digits.test) :] for name, values in found.columns.items()}
    np.testing.assert_allclose(mine["elbo"], expected.elbo, rtol=1e-5)
    np.testing.assert_allclose(mine["elbo"], -mine["reconstruction"] - mine["kl"], rtol=1e-5)
    np.testing.assert_array_equal(mine["likelihood"], -mine["elbo"])
    assert {len(values) for values in found.columns.values()} == {1797}
    rows = slice(len(digits.train), -len(digits.test))  # the images that all are measured against, by the same draws
    ranks = np.sort(found.columns["likelihood_percentile"][rows])
    np.testing.assert_allclose(ranks, 100 * np.arange(found.reference) / found.reference)


def test_noise_and_blank_images_are_told_from_digits(run: Run):
    noise = np.random.default_rng(0).integers(0, 256, (100, 12, 12, 1), "uint8")
    for images in (noise, noise // 255 + 128):
        found = score(run, strange(images))
        assert found.auroc["typicality"] > 0.99
        assert found.inliers == len(run.data().test)
        assert found.columns["typicality_percentile"].min() > 90


def test_the_percentiles_of_ordinary_images_are_even(run: Run):
    found = score(run, strange(run.data().test.images), seed=3)
    assert all(abs(area - 0.5) < 1e-9 for area in found.auroc.values())
    for name in SCORES:
        assert 35 < found.columns[f"{name}_percentile"].mean() < 65


def test_too_likely_is_as_strange_as_too_unlikely():
    ordinary = Ordinary(columns())
    both = {name: values.mean() + np.array([-50.0, 0.0, 50.0]) for name, values in columns().items()}
    low, middle, high = ordinary(both)["typicality"]
    assert middle < 1e-9
    assert min(low, high) > 20


def test_what_never_varies_is_passed_over():
    collapsed = columns() | {"kl": np.zeros(200)}
    typicality = Ordinary(collapsed)(collapsed)["typicality"]
    assert np.isfinite(typicality).all()
    assert typicality.mean() == pytest.approx(2 / 2)  # half of chi-squared with two degrees of freedom


def test_a_png_is_longer_the_more_there_is_in_it():
    noise = np.random.default_rng(0).integers(0, 256, (1, 28, 28, 1), "uint8")
    images = np.concatenate([np.zeros_like(noise), noise])
    blank, full = png_length(images)
    assert blank < 0.2 * full
    assert full > 28 * 28 * np.log(256)  # noise does not compress
    assert png_length(np.repeat(images, 3, axis=-1))[1] >= full


def test_without_the_data_of_the_run_there_is_the_bound_alone(run: Run, monkeypatch):
    def gone(self: Run, data_dir: str | None = None) -> Dataset:
        raise UserError("The files are not there.")

    monkeypatch.setattr(Run, "data", gone)
    found = score(run, strange(np.zeros((3, 12, 12, 1), "uint8")))
    assert found.missing == "The files are not there."
    assert CALIBRATION.isdisjoint(found.columns)
    assert len(found.columns["likelihood"]) == 3


def test_too_few_ordinary_images_are_told():
    with pytest.raises(UserError, match="at least 20 validation images. Received 19"):
        Ordinary(columns(19))


def test_binary_runs_score_binary_images(run: Run):
    grey = strange(np.full((50, 12, 12, 1), 128, "uint8"))
    binary = replace(grey, source={"binarize": "dynamic"})
    assert score(run, binary).columns["png"].min() > score(run, grey).columns["png"].max()
