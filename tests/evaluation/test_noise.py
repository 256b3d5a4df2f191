"""The noise of evaluation: another for each image, batch, round and seed, and the same for the same seed."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from functools import cache

import keras
import numpy as np
import pytest

from evaluation.lamps import Judge, Lamp, MadeRun, boards, judged
from latente import VAE, evaluation
from latente.data import Dataset, Split
from latente.evaluation import (
    diagnose,
    disentanglement,
    elbo_terms,
    ex_post,
    log_likelihood,
    metrics,
    run_metrics,
    score,
)
from latente.evaluation.aggregate import decompose
from latente.evaluation.diagnosis.effective_beta import effective_beta
from latente.evaluation.disentanglement import beta_vae, dci, factor_vae, sap, scores
from latente.evaluation.disentanglement.pairs import split
from latente.evaluation.foreign import ForeignModel
from latente.evaluation.interpolations import noise_between
from latente.evaluation.split_measurements import SplitMeasurements
from latente.model.fitted_prior import FittedPrior
from latente.model.likelihoods import Gaussian
from latente.model.networks import Dense

N = 1_100
INDEPENDENT = 6 / np.sqrt(500)
"""Six standard deviations of the correlation of 500 independent pairs."""
IMAGE = np.random.default_rng(0).integers(0, 256, (1, 4, 4, 1), dtype=np.uint8)


@cache
def vae() -> VAE:
    """Untrained, and linear: the noise of a code reaches every figure."""
    keras.utils.set_random_seed(0)
    return VAE((4, 4, 1), 3, network=Dense(hidden=()), likelihood=Gaussian(std=0.5))


class NoisyLamp(Lamp):
    def reconstruction(self, images, codes, labels=None):
        return codes.sum(axis=1)


def repeated(n: int = N) -> np.ndarray:
    return np.repeat(IMAGE, n, axis=0)


@pytest.mark.parametrize("model", [vae, NoisyLamp])
def test_the_same_image_draws_another_code_in_each_batch_of_the_elbo(model: Callable):
    nats = elbo_terms(model(), repeated()).reconstruction
    assert abs(np.corrcoef(nats[:500], nats[500:1000])[0, 1]) < INDEPENDENT
    assert len(np.unique(nats)) > 0.99 * N  # nor within a batch


@pytest.mark.parametrize("samples", [2, 25])
def test_the_same_image_draws_other_codes_in_each_batch_of_the_importance_bound(samples: int):
    """Batches hold 500 images of 2 draws, and 50 of 25, which come in rounds of 20 and 5."""
    assert len(np.unique(log_likelihood(vae(), repeated(), samples).bound)) > 0.99 * N


def test_each_round_of_an_importance_bound_draws_anew():
    """Of 20 times as many draws the bound varies by less, by a fifth or so; rounds of 20 repeated would not help."""
    few, many = (log_likelihood(vae(), repeated(60), samples).bound.std() for samples in (20, 400))
    assert many < 0.5 * few


GREY = Split(np.full((40, 4, 4, 1), 100, "uint8"))


SPREAD = Split(boards(np.arange(10, 200, 10)))


def ordinary(n: int = 40) -> Dataset:
    images = np.random.default_rng(1).integers(0, 256, (n, 4, 4, 1), dtype=np.uint8)
    return Dataset("made", *(Split(part) for part in np.split(images, [10, 31])))


def evaluated(seed: int) -> list:
    found = run_metrics.evaluate(MadeRun(vae(), ordinary(100)), seed=seed)
    assert {one["seed"] for one in found.values()} == {seed}
    return [found["elbo"]["value"], found["sample_sharpness"]["value"], found["midpoint_distance[pixels]"]["value"]]


def fitted(seed: int) -> tuple[dict, np.ndarray]:
    """The figures of a Gaussian fitted to the codes of a run, and its mean, which is that of the training codes."""
    run = MadeRun(vae(), ordinary(100))
    found = ex_post.fit_prior(run, "gaussian", seed=seed)
    assert {one["seed"] for one in found.values()} == {seed}
    return found["fitted_prior_log_density"], run.fitted.means


FACTORS = np.random.default_rng(0).integers(0, 3, (300, 2))
CODES = FACTORS + np.random.default_rng(1).normal(scale=2, size=(300, 2))
BLANK = np.zeros((2, 4, 4, 1), "float32")
MEAN = np.random.default_rng(2).normal(size=(30, 2))
MANY = np.random.default_rng(3).random((40, 4, 4, 1), "float32")


def two_pixels(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return images[:, 0, :2, 0], np.full((len(images), 2), -1.0)


def painted(codes: np.ndarray) -> np.ndarray:
    return np.broadcast_to(1 / (1 + np.exp(-codes.sum(axis=1)))[:, None, None, None], (len(codes), 4, 4, 1))


FOREIGN = ForeignModel(two_pixels, painted, (4, 4, 1))
DYNAMIC = Dataset("made", GREY, GREY, GREY, source={"binarize": "dynamic"})
DRAWN = {
    "elbo_terms": lambda seed: elbo_terms(vae(), IMAGE, seed).reconstruction,
    "log_likelihood": lambda seed: log_likelihood(vae(), IMAGE, 3, seed).bound,
    "decompose": lambda seed: decompose(MEAN, np.zeros_like(MEAN), seed).marginal_kl_per_dimension,
    "noise_between": lambda seed: noise_between(BLANK, BLANK, 3, seed)[:, 1],
    "beta_vae": lambda seed: beta_vae(CODES, FACTORS, seed),
    "factor_vae": lambda seed: factor_vae(CODES, FACTORS, seed),
    "dci": lambda seed: dci(CODES, FACTORS, seed),
    "sap": lambda seed: sap(CODES, FACTORS, seed),
    "split": lambda seed: split(FACTORS, seed)[0],
    "effective_beta": lambda seed: effective_beta(FOREIGN, MANY, *FOREIGN.moments(MANY), seed=seed).value,
    "diagnose": lambda seed: diagnose(two_pixels, painted, MANY, seed=seed).figures["reconstruction"],
    "evaluate": evaluated,
    "fit_prior": lambda seed: fitted(seed)[0]["value"],
    "score": lambda seed: score(MadeRun(vae(), ordinary(100)), ordinary(41), seed=seed).columns["elbo"],
}
"""By the name of a function with a seed, numbers that hang on it."""
ELSEWHERE = {
    "scores": "test_scores_hand_their_seed_to_each",
    "diagnose_run": "tests/journeys/test_diagnose_run.py",
}
MORE = {
    "codes of a model by functions": lambda seed: NoisyLamp().encode(IMAGE, sample=True, seed=seed),
    "samples of a model by functions": lambda seed: NoisyLamp().sample(8, seed=seed),
    "elbo of a model by functions": lambda seed: elbo_terms(NoisyLamp(), IMAGE, seed).reconstruction,
    "samples": lambda seed: judged(vae(), test=GREY, seed=seed).samples,
    "rows": lambda seed: judged(vae(), test=GREY, seed=seed).real_rows,
    "noise": lambda seed: judged(vae(), test=GREY, seed=seed).impostors["noise"],
    "importance bound": lambda seed: _bound(judged(vae(), test=GREY, seed=seed)),
    "training codes of a fitted prior": lambda seed: fitted(seed)[1],
    "test codes of a fitted prior": lambda seed: fitted(seed)[0]["controls"]["own prior"],
    "samples of a fitted prior": lambda seed: _fitted(judged(Lamp(shown=(9,)), test=SPREAD, seed=seed)),
    "binary images": lambda seed: SplitMeasurements(vae(), DYNAMIC, "test", seed).model_images,
    "scores of binary images": lambda seed: score(MadeRun(vae(), ordinary(100)), DYNAMIC, seed=seed).columns["png"],
    "noise between images": lambda seed: _noisy_paths(judged(vae(), test=ordinary(100).test, seed=seed)),
}


def _noisy_paths(measurements: SplitMeasurements) -> float:
    """Its pairs are given, so that the frames between them alone are drawn."""
    vars(measurements)["real"] = boards([10, 90, 60, 200]) / np.float32(255)
    return metrics.interpolations(measurements)["interpolation_smoothness[pixels]"]["controls"]["noise"]


def _bound(measurements: SplitMeasurements) -> float:
    return metrics.importance(measurements, samples=2, images=5)["log_likelihood"]["value"]


def _fitted(measurements: SplitMeasurements) -> float:
    vars(measurements)["classifier"] = Judge()
    prior = FittedPrior(np.ones(1), np.array([[1.0, 0.0]]), 0.1 * np.eye(2)[None])
    return ex_post._fidelity(measurements, prior)["fitted_prior_frechet[classifier]"]["value"]


@pytest.mark.parametrize("name", [*DRAWN, *MORE])
def test_a_seed_repeats_and_another_one_does_not(name: str):
    draw = (DRAWN | MORE)[name]
    first, again, other = (np.concatenate([np.ravel(part) for part in np.atleast_1d(draw(seed))]) for seed in (3, 3, 4))
    np.testing.assert_allclose(again, first, rtol=1e-5)
    assert not np.allclose(other, first, rtol=1e-4)


def test_the_fit_of_a_mixture_starts_elsewhere_with_another_seed(monkeypatch):
    """The codes stay the same."""
    codes = np.random.default_rng(0).normal(size=(60, 3))
    monkeypatch.setattr(ex_post, "_codes", lambda measurements: codes)
    means = []
    for seed in (3, 3, 4):
        run = MadeRun(vae(), ordinary(100))
        ex_post.fit_prior(run, components=5, seed=seed)
        means.append(np.sort(run.fitted.means, axis=0))
    np.testing.assert_allclose(means[1], means[0])
    assert np.abs(means[2] - means[0]).max() > 0.01


def test_scores_hand_their_seed_to_each(monkeypatch):
    for name in ("beta_vae", "factor_vae", "sap"):
        monkeypatch.setattr(disentanglement, name, lambda codes, factors, seed: seed)
    monkeypatch.setattr(disentanglement, "dci", lambda codes, factors, seed: disentanglement.DCI(seed, seed, seed))
    found = scores(CODES, FACTORS, 8)
    assert {name for name, score in found.items() if score == 8} == {
        *("beta_vae", "factor_vae", "sap"),
        *("dci_disentanglement", "dci_completeness", "dci_informativeness"),
    }


def test_no_function_of_evaluation_with_a_seed_is_forgotten():
    found = set()
    for module in pkgutil.walk_packages(evaluation.__path__, f"{evaluation.__name__}."):
        for name, function in inspect.getmembers(importlib.import_module(module.name), inspect.isfunction):
            public = function.__module__ == module.name and not name.startswith("_")
            if public and "seed" in inspect.signature(function).parameters:
                found.add(name)
    assert found == DRAWN.keys() | ELSEWHERE.keys()
