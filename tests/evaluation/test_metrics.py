"""The figures of a split by hand, by SciPy and by closed forms, and the limits of what they take."""

import numpy as np
import pytest
from scipy import stats

from evaluation.lamps import VARIANCE, Judge, Lamp, MadeRun, boards, judged
from latente import VAE
from latente.data import Dataset, Split
from latente.errors import UserError
from latente.evaluation import elbo_terms, ex_post, log_likelihood, metrics, run_metrics, score
from latente.evaluation.bounds import ElboTerms
from latente.evaluation.fidelity import frechet, neighbourhoods
from latente.evaluation.interpolations import smoothness
from latente.evaluation.memorization import memorization
from latente.evaluation.sharpness import laplacian_variance
from latente.evaluation.split_measurements import SplitMeasurements
from latente.model.fitted_prior import FittedPrior
from latente.model.networks import Dense
from latente.model.posteriors import FSQ

SHAPE = (4, 4, 1)


def blind(classes: int = 0) -> VAE:
    """Its q is the prior, and its decoder hears the label alone: no bound on log p(x given y) hangs on the draw."""
    rng = np.random.default_rng(1)
    vae = VAE(SHAPE, 2, network=Dense(hidden=()), classes=classes)
    vae.encoder.set_weights([0 * weight for weight in vae.encoder.get_weights()])
    kernel, bias = (rng.normal(size=weight.shape) for weight in vae.decoder.weights)
    kernel[:2] = 0
    vae.decoder.set_weights([kernel, bias])
    return vae


def density(vae: VAE, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """log p(x given y) of independent Bernoulli pixels, ``(n,)``."""
    kernel, bias = (weight.astype("float64") for weight in vae.decoder.get_weights())
    logits, x = kernel[2:][labels] + bias, images.reshape(len(images), -1) / 255
    return (x * logits - np.logaddexp(0, logits)).sum(axis=1)


def test_the_elbo_has_the_error_of_a_mean():
    greys = np.array([20, 30, 30, 90, 200])
    found = metrics.bound(judged(Lamp(), test=Split(boards(greys))))
    mean = greys / 100
    elbo = -greys - 0.5 * (mean**2 + VARIANCE - 1 - np.log(VARIANCE)) - 0.5 * (VARIANCE - 1 - np.log(VARIANCE))
    assert found["elbo"]["value"] == pytest.approx(elbo.mean(), rel=1e-5)
    assert found["elbo_standard_error"]["value"] == pytest.approx(stats.sem(elbo, ddof=0), rel=1e-5)
    assert {(one["unit"], one["n"], one["z_samples"]) for one in found.values()} == {("nats", 5, 1)}


@pytest.mark.parametrize(("asked", "taken"), [(1, 1), (699, 699), (700, 700), (1000, 700)])
def test_the_importance_bound_is_that_of_images_from_anywhere_given_their_labels(asked: int, taken: int):
    rng = np.random.default_rng(0)
    labels = np.sort(rng.integers(0, 3, 700)).astype("int32")  # in order, so that the first are no picture of all
    images = rng.integers(0, 256, (700, *SHAPE), dtype=np.uint8)
    vae = blind(classes=3)
    exact = density(vae, images, labels)
    found = metrics.importance(judged(vae, test=Split(images, labels)), samples=3, images=asked)
    bound, error = found["log_likelihood"], found["log_likelihood_standard_error"]
    assert {(one["n"], one["z_samples"]) for one in found.values()} == {(taken, 3)}
    assert bound["value"] == pytest.approx(bound["controls"]["elbo of these images"], rel=1e-5)
    assert found["effective_samples"]["value"] == pytest.approx(3, rel=1e-4)
    if taken == 700:
        assert bound["value"] == pytest.approx(exact.mean(), rel=1e-5)
        assert error["value"] == pytest.approx(stats.sem(exact, ddof=0), rel=1e-4)
    if taken == 1:
        assert np.abs(exact - bound["value"]).min() < 1e-3
        assert error["value"] == pytest.approx(0, abs=1e-4)


def test_fewer_images_than_there_are_come_from_anywhere():
    labels = np.repeat([0, 1, 2], [300, 300, 100]).astype("int32")
    vae, images = blind(classes=3), np.full((700, *SHAPE), 128, "uint8")
    exact = density(vae, images, labels)
    found = metrics.importance(judged(vae, test=Split(images, labels)), samples=1, images=300)["log_likelihood"]
    assert abs(exact[:300].mean() - exact.mean()) > 2 * exact.std() / np.sqrt(300)  # the first ones would show
    assert found["value"] == pytest.approx(exact.mean(), abs=4 * exact.std() / np.sqrt(300))


def test_bits_are_nats_over_pixels_and_channels_and_log_two_of_binary_images_alone():
    rng = np.random.default_rng(0)
    images = 255 * rng.integers(0, 2, (501, 4, 4, 1), dtype=np.uint8)
    vae = blind(classes=1)
    exact = density(vae, images, np.zeros(501, int))
    measurements = judged(vae, test=Split(images, np.zeros(501, "int32")))
    assert metrics.bound(measurements)["bits_per_dimension"]["value"] == pytest.approx(
        -exact.mean() / (16 * np.log(2)), rel=1e-5
    )
    images[-1, -1, -1] = 128  # of the second batch
    grey = judged(vae, test=Split(images, np.zeros(501, "int32")))
    assert "bits_per_dimension" not in metrics.bound(grey)


@pytest.mark.parametrize(("variance", "active"), [(0.0099, 0), (0.0101, 1)])
def test_a_latent_is_active_when_its_mean_varies_by_more_than_a_hundredth(variance: float, active: int):
    means = np.sqrt(variance) * np.array([1.0, -1.0])[:, None] + 5
    assert ElboTerms(np.zeros(2), np.zeros((2, 1)), means).active.sum() == active


def test_latents_by_hand():
    greys = np.array([20, 50, 110])
    found = metrics.latents(judged(Lamp(), test=Split(boards(greys))))
    assert found["z_mean_std"]["value"] == pytest.approx([np.sqrt(0.14), 0], abs=1e-5)  # of 0.2, 0.5 and 1.1
    assert (found["active_units"]["value"], found["active_units"]["unit"]) == (1, "of 2 latents")


def test_the_codes_that_are_used_are_counted_over_the_whole_split(monkeypatch):
    """An image of grey k and label k has the code k, of which there are four; the last are of the second batch."""
    greys = np.repeat([0, 1, 2], [300, 200, 101])
    monkeypatch.setattr(VAE, "posterior_parameters", lambda self, x, y: {"indices": np.where(x[:, 0, 0, 0] == y, y, 3)})
    vae = VAE(SHAPE, 2, network=Dense(hidden=()), posterior=FSQ(levels=(2, 2)), prior="Uniform", classes=3)
    images = np.tile(greys[:, None, None, None], (1, *SHAPE)).astype("uint8")
    found = metrics._codes(judged(vae, test=Split(images, greys.astype("int32"))))
    assert found["perplexity"]["value"] == pytest.approx(np.exp(stats.entropy([300, 200, 101])), rel=1e-5)
    assert found["code_usage"]["value"] == pytest.approx(3 / 4)
    assert {(one["n"], one["unit"][-10:]) for one in found.values()} == {(601, "of 4 codes")}


REAL, SAMPLES, TRAIN = np.arange(0, 160, 20) + 5, np.arange(60, 68) + 5, np.full(9, 250)
"""Greys: spread, gathered in the middle, and far away."""


@pytest.fixture(scope="module")
def compared() -> dict:
    shown = tuple(map(float, SAMPLES))
    return metrics.samples(
        judged(Lamp(shown=shown), classifier=Judge(), train=Split(boards(TRAIN)), test=Split(boards(REAL)))
    )


def test_gathered_samples_are_precise_and_recall_little(compared: dict):
    """With k = 5 real balls reach 60 levels or more, those of samples 7 or less: they hold one real image."""
    expected = {"precision": 1, "recall": 1 / 8, "density": 8 / 5, "coverage": 1}
    for name, value in expected.items():
        figure = compared[f"{name}[classifier]"]
        assert figure["value"] == pytest.approx(value), name
        assert figure["controls"]["train images"] == 0, name
        assert figure.keys() >= {"samples", "n", "k", "feature_space"}
        assert figure["controls"].keys() == {"train images", "cross-fade", "noise"}
    distance = compared["frechet[classifier]"]
    of = {name: (greys.mean(), greys.std(ddof=1)) for name, greys in (("real", REAL), ("own", SAMPLES))}
    expected = (of["real"][0] - of["own"][0]) ** 2 + (of["real"][1] - of["own"][1]) ** 2
    assert distance["value"] == pytest.approx(expected, rel=1e-4)
    assert distance["controls"] == {
        "train images": pytest.approx((250 - of["real"][0]) ** 2 + of["real"][1] ** 2, rel=1e-4)
    }


def test_a_classifier_says_of_samples_and_of_real_images_what_it_sees(compared: dict):
    confidence, coverage = compared["sample_confidence[classifier]"], compared["class_coverage[classifier]"]
    assert confidence["value"] == pytest.approx(0.9)
    assert coverage["value"] == 0
    assert confidence["controls"]["real images"] == pytest.approx((5 * 0.9 + 3 * 0.7) / 8)  # 5 to 85, 105 to 145
    assert coverage["controls"]["real images"] == pytest.approx(stats.entropy([5, 3], base=2))
    assert (compared["classifier_accuracy"]["value"], compared["classifier_accuracy"]["n"]) == (0.77, 7)


def test_distances_are_over_those_of_cross_fades(compared: dict):
    """The median distance of real images from 250, in the judge's features, over that of mixtures of neighbours."""
    found = compared["sample_distance[classifier]"]
    assert found["value"] / found["controls"]["real images"] == pytest.approx(
        np.median(250 - SAMPLES) / np.median(250 - REAL), rel=1e-4
    )


@pytest.mark.parametrize(("real", "some"), [(5, False), (6, True)])
def test_fidelity_takes_more_images_than_neighbours(real: int, some: bool):
    splits = {"train": Split(boards(TRAIN)), "test": Split(boards(REAL[:real]))}
    found = metrics.samples(judged(Lamp(shown=(80,)), classifier=Judge(), **splits))
    assert ("frechet[classifier]" in found) is some


def test_as_many_training_images_as_real_ones_are_compared_with_them():
    """A distance of distributions hangs on how many rows each has."""
    asked = []
    measurements = judged(Lamp(shown=(80,)), train=Split(boards(TRAIN)), test=Split(boards(REAL)))
    metrics._fidelity(measurements, "judge", lambda images: asked.append(len(images)) or Judge().features(images))
    assert len(measurements.train) == 9
    assert set(asked) == {8}


def test_a_fitted_prior_is_compared_with_the_models_own():
    """The fitted one draws a few greys amid the real ones, precise and not diverse; the model's own lies far away."""
    measurements = judged(Lamp(shown=(249.0, 250.0)), classifier=Judge(), test=Split(boards(REAL)))
    fitted = FittedPrior(np.ones(1), np.array([[REAL.mean() / 100, 0.0]]), np.diag([0.02**2, 1.0])[None])
    found = ex_post._fidelity(measurements, fitted)
    assert found["fitted_prior_precision[classifier]"]["value"] == 1
    assert found["fitted_prior_recall[classifier]"]["value"] < 0.5
    for name in ("precision", "recall"):
        assert found[f"fitted_prior_{name}[classifier]"]["controls"] == {"own prior": 0}
    distance = found["fitted_prior_frechet[classifier]"]
    assert distance["value"] < 2500 < 100**2 < distance["controls"]["own prior"]


# Which split a whole command reads: binary images of which three in ten, six in ten or nine in ten pixels are white.

SHARES = {"train": (0.3, 120), "validation": (0.6, 60), "test": (0.9, 80)}


def binary(share: float, n: int, classes: int = 1) -> Split:
    rng = np.random.default_rng(int(100 * share))
    white, labels = rng.random((n, *SHAPE)) < share, rng.integers(0, classes, n)
    return Split(255 * white.astype("uint8"), labels.astype("int32"))


DATA = Dataset("made", **{name: binary(*how) for name, how in SHARES.items()})
LABELLED = Dataset("labelled", **{name: binary(*how, classes=3) for name, how in SHARES.items()})


@pytest.mark.parametrize(("split", "images"), [("train", 13), ("validation", 1), ("test", 80)])
def test_a_run_is_evaluated_on_the_split_and_the_images_asked_for(split: str, images: int, monkeypatch):
    monkeypatch.setattr(SplitMeasurements, "classifier", None)  # which would have to be trained
    vae = blind(classes=3)
    run = MadeRun(vae, LABELLED)
    found = run_metrics.evaluate(run, split, samples=2, images=images)
    judged_by = LABELLED.splits[split]
    exact = density(vae, judged_by.images, judged_by.labels)
    assert found["elbo"]["value"] == pytest.approx(exact.mean(), rel=1e-5)
    assert {one["split"] for one in found.values()} == {split}
    bound = found["log_likelihood"]
    assert (found["elbo"]["n"], bound["n"], bound["z_samples"]) == (SHARES[split][1], images, 2)
    at = "" if split == "test" else f"@{split}"
    assert run.metrics == {name + at: one for name, one in found.items()}
    with pytest.raises(UserError, match="images >= 1. Received 2 and 0"):
        run_metrics.evaluate(run, samples=2, images=0)


def test_a_prior_is_fitted_to_training_codes_and_judged_by_those_of_test_images():
    """A code is the share of white pixels in the whole image and in its upper half, all but without noise."""
    vae = VAE(SHAPE, 2, network=Dense(hidden=()), classes=1)
    kernel, bias = (np.zeros(weight.shape) for weight in vae.encoder.weights)
    kernel[::2, 0], kernel[:16:2, 1] = 1 / 16, 1 / 8  # pixels and labels by turns
    bias[2:] = -20  # log-variances
    vae.encoder.set_weights([kernel, bias])
    run = MadeRun(vae, DATA)
    figures = ex_post.fit_prior(run, "gaussian")
    assert list(figures) == ["fitted_prior_log_density"]  # without a classifier there is no distance of samples
    found = figures["fitted_prior_log_density"]
    codes = {
        name: np.stack([rows.mean(axis=(1, 2, 3)), rows[:, :2].mean(axis=(1, 2, 3))], axis=1)
        for name, rows in ((name, split.images / 255) for name, split in DATA.splits.items())
    }
    gaussian = stats.multivariate_normal(codes["train"].mean(axis=0), np.cov(codes["train"].T, bias=True))
    assert found["value"] == pytest.approx(gaussian.logpdf(codes["test"]).mean(), rel=0.01)
    own = stats.norm.logpdf(codes["test"]).sum(axis=1).mean()
    assert found["controls"]["own prior"] == pytest.approx(own, abs=1e-3)
    assert (found["n"], found["train_n"], found["split"]) == (80, 120, "test")
    assert (found["kind"], found["components"]) == ("gaussian", 1)


def test_percentiles_are_of_validation_images_and_the_area_is_over_test_images():
    """Scored by -log p, which here hangs on which pixels are white; ties do not occur among these."""
    vae, strange = blind(classes=3), binary(0.5, 30, classes=3)
    none = Split(strange.images[:0], strange.labels[:0])
    found = score(MadeRun(vae, LABELLED), Dataset("strange", none, strange, none))
    costs = {
        name: -density(vae, split.images, split.labels)
        for name, split in (LABELLED.splits | {"strange": strange}).items()
    }
    below = [stats.percentileofscore(costs["validation"], cost - 1e-4, "strict") for cost in costs["strange"]]
    np.testing.assert_allclose(found.columns["likelihood"], costs["strange"], rtol=1e-4)
    np.testing.assert_allclose(found.columns["likelihood_percentile"], below, atol=100 / 60 + 1e-6)
    above = stats.mannwhitneyu(costs["strange"], costs["test"]).statistic / (30 * 80)
    assert found.auroc["likelihood"] == pytest.approx(above, abs=0.01)
    assert (found.reference, found.inliers) == (60, 80)


# Limits: the last that is allowed, the first that is refused.

ONE = np.random.default_rng(0).random((2, *SHAPE))
LIMITS = {
    "draws of a bound": (lambda n: log_likelihood(blind(), ONE, samples=n), 1, 0),
    "images of a bound": (lambda n: log_likelihood(blind(), ONE[:n]), 1, 0),
    "images of the elbo": (lambda n: elbo_terms(blind(), ONE[:n]), 1, 0),
    "rows of a Fréchet distance": (lambda n: frechet(np.eye(n), np.eye(3, n)), 2, 1),
    "generated rows of a Fréchet distance": (lambda n: frechet(np.eye(3), np.eye(n, 3)), 2, 1),
    "rows of neighbourhoods": (lambda n: neighbourhoods(np.eye(n, 9), np.eye(9), k=5), 6, 5),
    "generated rows of neighbourhoods": (lambda n: neighbourhoods(np.eye(9), np.eye(n, 9), k=5), 6, 5),
    "samples that may be copies": (lambda n: memorization(LINE[:n], LINE + 0.3, LINE), 1, 0),
    "held-out images": (lambda n: memorization(LINE, LINE[:n] + 0.3, LINE), 1, 0),
    "training images": (lambda n: memorization(LINE, LINE + 0.3, LINE[:n]), 1, 0),
    "frames of a path": (lambda n: smoothness(np.ones((1, n, 3))), 2, 1),
    "sides of a sharp image": (lambda n: laplacian_variance(np.ones((1, 3, n, 1))), 3, 2),
    "draws of a fitted prior": (lambda n: FITTED.sample(n), 1, 0),
    "temperature of a fitted prior": (lambda t: FITTED.sample(3, temperature=t), 0, -1e-9),
}
LINE = np.arange(3.0)[:, None]
FITTED = FittedPrior(np.ones(1), np.zeros((1, 1)), np.ones((1, 1, 1)))


@pytest.mark.parametrize("of", LIMITS)
def test_the_last_is_allowed_and_the_first_beyond_is_refused(of: str):
    function, last, beyond = LIMITS[of]
    function(last)
    with pytest.raises(UserError, match="Received"):
        function(beyond)
