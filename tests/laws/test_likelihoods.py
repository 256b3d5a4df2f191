"""Every likelihood is a density or a probability: it integrates or sums to one, and has its own mean and samples."""

import itertools
import math
from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE
from latente.errors import UserError
from latente.model import choices
from latente.model.likelihoods import Bernoulli, ContinuousBernoulli, DiscretizedLogistic, Gaussian, Laplace, Likelihood
from latente.model.networks import Dense

pytestmark = pytest.mark.backend

SCALES = [{"std": 0.3, "scale": scale} for scale in ("fixed", "global", "pixel")]
OPTIONS = {"Gaussian": SCALES, "Laplace": SCALES, "DiscretizedLogistic": [{"mixtures": 1}, {"mixtures": 3}]}
ALL = [choice(**options) for name, choice in choices(Likelihood).items() for options in OPTIONS.get(name, [{}])]

REAL = np.linspace(-6, 7, 13001)
UNIT = np.linspace(0, 1, 501)
LEVELS = np.arange(256) / 255
SUPPORT = {
    "Bernoulli": np.array([0.0, 1.0]),
    "ContinuousBernoulli": UNIT,
    "Gaussian": REAL,
    "Laplace": REAL,
    "DiscretizedLogistic": LEVELS,
}
"""Where each has its values, in equal steps."""


def name(likelihood: Likelihood) -> str:
    options = [str(getattr(likelihood, option)) for option in ("scale", "mixtures") if hasattr(likelihood, option)]
    return "-".join([type(likelihood).__name__, *options])


each = pytest.mark.parametrize("likelihood", ALL, ids=name)


def decoded(likelihood: Likelihood, n: int, height: int = 2, width: int = 2, channels: int = 1) -> np.ndarray:
    """The same random decoder output for n images."""
    shape = (1, height, width, likelihood.channels(channels))
    return np.repeat(np.random.default_rng(0).normal(size=shape).astype("float32"), n, axis=0)


def at_once(function: Callable) -> Callable:
    """One program on JAX, which compiles every operation apart otherwise: seconds for each shape."""
    if keras.backend.backend() != "jax":
        return function
    import jax

    return jax.jit(function)


def log_prob(likelihood: Likelihood, x: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    tensors = (ops.convert_to_tensor(np.asarray(part, "float32")) for part in (x, parameters))
    return ops.convert_to_numpy(at_once(likelihood.log_prob)(*tensors))


def draw(likelihood: Likelihood, parameters: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(
        likelihood.sample(ops.convert_to_tensor(np.asarray(parameters, "float32")), keras.random.SeedGenerator(0))
    )


def mean(likelihood: Likelihood, parameters: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(at_once(likelihood.mean)(ops.convert_to_tensor(np.asarray(parameters, "float32"))))


def gradient(function: Callable, at: np.ndarray) -> np.ndarray:
    """The gradient of a scalar function of one tensor, by whatever the backend has."""
    x = ops.convert_to_tensor(at.astype("float32"))
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return tape.gradient(value, x).numpy()
    if keras.backend.backend() == "jax":
        import jax

        return np.asarray(at_once(jax.grad(function))(x))
    x.requires_grad_(True)
    function(x).backward()
    return ops.convert_to_numpy(x.grad)


def joint(likelihood: Likelihood, channels: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every value of one pixel ``(n, channels)``, its probability (density times step), and the decoder's output."""
    support = SUPPORT[type(likelihood).__name__]
    support = support[:: 30 if channels > 1 and support is REAL else 1]
    x = np.array(list(itertools.product(support, repeat=channels)))
    parameters = decoded(likelihood, len(x), 1, 1, channels)
    weights = np.ones(len(support))
    if not likelihood.is_probability(support):
        weights *= support[1] - support[0]  # the trapezoidal rule
        weights[[0, -1]] /= 2
    steps = np.prod(list(itertools.product(weights, repeat=channels)), axis=1)
    return x, np.exp(log_prob(likelihood, x[:, None, None], parameters)) * steps, parameters


@each
@pytest.mark.parametrize("channels", [1, 2])
def test_it_sums_or_integrates_to_one(likelihood: Likelihood, channels: int):
    _, probability, _ = joint(likelihood, channels)
    assert probability.sum() == pytest.approx(1.0, abs=1e-3)


@each
def test_the_mean_and_the_samples_have_the_moments_of_the_density(likelihood: Likelihood):
    x, probability, parameters = joint(likelihood, channels=2)
    expected = probability @ x
    spread = (probability[:, None] * (x - expected)).T @ (x - expected)  # covariance of the two channels
    drawn = draw(likelihood, np.repeat(parameters[:1], 40000, axis=0)).reshape(-1, 2)
    np.testing.assert_allclose(mean(likelihood, parameters[:1]).ravel(), expected, atol=1e-3)
    np.testing.assert_allclose(drawn.mean(axis=0), expected, atol=0.01)
    np.testing.assert_allclose(np.cov(drawn.T), spread, atol=0.01)


@each
def test_the_expected_score_is_zero(likelihood: Likelihood):
    """A wrong gradient, which the values do not show, breaks this identity of every normalized density."""
    x, probability, parameters = joint(likelihood, channels=1)
    images = ops.convert_to_tensor(x[:, None, None].astype("float32"))
    score = gradient(
        lambda p: ops.sum(ops.convert_to_tensor(probability.astype("float32")) * likelihood.log_prob(images, p)),
        parameters,
    )
    assert np.abs(score).max() > 0
    np.testing.assert_allclose(score.sum(axis=0), 0, atol=0.015)  # the kink of Laplace counts on one side


@each
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes_for_grey_and_colour(likelihood: Likelihood, channels: int):
    parameters = decoded(likelihood, 2, 4, 5, channels)
    drawn = draw(likelihood, parameters)
    assert drawn.shape == mean(likelihood, parameters).shape == (2, 4, 5, channels)
    assert drawn.dtype == np.float32
    assert log_prob(likelihood, drawn, parameters).shape == (2,)


@each
def test_tiling_an_image_doubles_its_log_density(likelihood: Likelihood):
    """Bug 1: a mean over pixels would leave it as it is, and let the KL dominate."""
    x = np.random.default_rng(1).integers(0, 256, size=(3, 4, 5, 3)) / 255
    parameters = decoded(likelihood, 3, 4, 5, 3)
    once = log_prob(likelihood, x, parameters)
    twice = log_prob(likelihood, np.tile(x, (1, 2, 1, 1)), np.tile(parameters, (1, 2, 1, 1)))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-4)


@each
@pytest.mark.parametrize("value", [-1e4, 0.0, 1e4])
def test_extreme_decoder_output_stays_finite(likelihood: Likelihood, value: float):
    x = np.array([0.0, 1.0, 128 / 255], "float32").reshape(3, 1, 1, 1)
    numbers = likelihood.channels(1)
    # All of them there, and each alone: the others stay at 0.
    rows = np.concatenate([np.full((1, numbers), value), value * np.eye(numbers)]).repeat(3, axis=0)
    parameters = rows.reshape(-1, 1, 1, numbers)
    images = ops.convert_to_tensor(np.tile(x, (numbers + 1, 1, 1, 1)))
    assert np.isfinite(log_prob(likelihood, ops.convert_to_numpy(images), parameters)).all()
    assert np.isfinite(gradient(lambda p: ops.sum(likelihood.log_prob(images, p)), parameters)).all()
    assert np.isfinite(mean(likelihood, parameters)).all()


@each
@pytest.mark.parametrize("pixel", [-0.1, 1.5, 255.0, np.nan])
def test_pixels_outside_the_unit_interval_are_refused(likelihood: Likelihood, pixel: float):
    """Bug 3: cross-entropy on data outside [0, 1]."""
    images = np.full((2, 2, 2, 1), 0.2)
    images[1, 0, 0, 0] = pixel
    with pytest.raises(UserError, match=r"pixels in \[0, 1\]"):
        likelihood.check(images)


@pytest.mark.parametrize(
    ("low", "high", "remedy"),
    [
        (-1.0, 1.0, "Shift them from"),
        (-1.1, 1.0, "Scale the images"),
        (-1.0, 1.1, "Scale the images"),
        (0.0, 255.0, "Divide them by 255"),
        (0.0, 256.0, "Scale the images"),
        (-0.1, 255.0, "Scale the images"),
        (0.0, np.inf, "Find the images"),
    ],
)
def test_the_remedy_is_for_the_range_that_came(low: float, high: float, remedy: str):
    with pytest.raises(UserError, match=remedy):
        Bernoulli().check(np.array([low, high]).reshape(2, 1, 1, 1))


@pytest.mark.parametrize("likelihood", {type(one): one for one in ALL}.values(), ids=name)
def test_one_step_lowers_the_loss_and_saving_keeps_it(tmp_path, likelihood: Likelihood):
    keras.utils.set_random_seed(0)
    options = {key: value for key, value in likelihood.get_config().items() if key in ("std", "scale", "mixtures")}
    vae = VAE((3, 4, 1), 2, network=Dense(hidden=(8,)), likelihood=type(likelihood)(**options))
    vae.compile(keras.optimizers.Adam(1e-3), run_eagerly=True)
    x = np.random.default_rng(0).integers(0, 256, (16, 3, 4, 1), dtype=np.uint8)
    losses = [vae.evaluate(x, verbose=0, return_dict=True)["loss"]]
    vae.fit(x, batch_size=16, verbose=0)
    losses.append(vae.evaluate(x, verbose=0, return_dict=True)["loss"])
    assert losses[1] < losses[0]
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    assert {key: loaded.likelihood.get_config()[key] for key in options} == options
    assert loaded.evaluate(x, verbose=0, return_dict=True)["loss"] == pytest.approx(losses[1], rel=1e-6)


def test_gaussian_and_laplace_have_the_standard_deviation_that_was_asked_for():
    x = np.array([0.1, 0.9]).reshape(2, 1, 1, 1)
    off = np.abs(x.ravel() - 0.5)
    parameters, std = np.full((2, 1, 1, 1), 0.5), 0.2
    b = std / math.sqrt(2)
    gaussian, laplace = -0.5 * (off / std) ** 2 - math.log(std * math.sqrt(2 * math.pi)), -off / b - math.log(2 * b)
    np.testing.assert_allclose(log_prob(Gaussian(std=std), x, parameters), gaussian, rtol=1e-5)
    np.testing.assert_allclose(log_prob(Laplace(std=std), x, parameters), laplace, rtol=1e-5)
    for likelihood in (Gaussian(std=std), Laplace(std=std)):
        assert draw(likelihood, np.full((40000, 1, 1, 1), 0.5)).std() == pytest.approx(std, rel=0.03)


@pytest.mark.parametrize("scale", [Gaussian, Laplace])
def test_a_scale_of_zero_is_refused_and_a_learned_one_stops_at_half_a_level(scale: type[Likelihood]):
    with pytest.raises(UserError, match=f"{scale.__name__} needs std of at least 1/510"):
        scale(std=0.0)
    parameters = np.array([0.5, -50.0]).reshape(1, 1, 1, 2)
    narrowest = log_prob(scale(std=1 / 510), np.full((1, 1, 1, 1), 0.5), parameters[..., :1])
    np.testing.assert_allclose(
        log_prob(scale(std=0.3, scale="pixel"), np.full((1, 1, 1, 1), 0.5), parameters), narrowest, rtol=1e-5
    )


@pytest.mark.parametrize(
    ("likelihood", "certain", "pixel"),
    [
        (ContinuousBernoulli(), [-2000], 0),
        (Gaussian(scale="pixel"), [0.2, -20], 0.2),
        (Laplace(scale="pixel"), [0.2, -20], 0.2),
        (DiscretizedLogistic(mixtures=1), [-0.6, -20], 0.2),
    ],
)
def test_certainty_does_not_grow_for_ever(likelihood: Likelihood, certain: list[float], pixel: float):
    """Backgrounds drive logits and scales beyond their bounds: a pull that stayed would take the weights along."""
    x = ops.convert_to_tensor(np.full((1, 1, 1, 1), pixel, "float32"))
    pull = gradient(lambda p: ops.sum(likelihood.log_prob(x, p)), np.array(certain).reshape(1, 1, 1, -1))
    assert abs(pull.ravel()[-1]) < 1e-5


LOGITS = np.array([-60, -8, -1.01, -0.99, -0.1, -1e-3, -1e-6, 0, 1e-7, 1e-4, 0.03, 0.5, 0.999, 1.001, 3, 17, 300])


def continuous_bernoulli(logit: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """log C, mean and its derivative in float64, as in Loaiza-Ganem & Cunningham (2019); at 0 by their limits."""
    a = np.where(np.abs(logit) < 1e-2, 1e-2, logit).astype("float64")
    shift = np.where(np.abs(logit) < 1e-2, logit, 0)
    # By Taylor: the exact functions lose their digits there in float64 too.
    log_c = np.where(np.abs(logit) < 1e-2, -logit / 2 - logit**2 / 24, np.log(a / np.expm1(a)))
    mean = np.where(np.abs(logit) < 1e-2, 0.5 + shift / 12 - shift**3 / 720, 1 / -np.expm1(-a) - 1 / a)
    return log_c, mean, np.where(np.abs(logit) < 1e-2, 1 / 12 - shift**2 / 240, 1 / a**2 - 0.25 / np.sinh(a / 2) ** 2)


@pytest.mark.parametrize("pixel", [0.0, 0.3, 1.0])
def test_continuous_bernoulli_is_exact_on_both_sides_of_its_expansion(pixel: float):
    a, inner = 510 * np.tanh(LOGITS / 510), 1 / np.cosh(LOGITS / 510) ** 2  # the bound, and its derivative
    log_c, expected, slope = continuous_bernoulli(a)
    logits = LOGITS.reshape(-1, 1, 1, 1)
    likelihood, x = ContinuousBernoulli(), np.full(logits.shape, pixel, "float32")
    images = ops.convert_to_tensor(x)
    np.testing.assert_allclose(log_prob(likelihood, x, logits), pixel * a + log_c, rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(mean(likelihood, logits).ravel(), expected, rtol=1e-6, atol=1e-7)
    first = gradient(lambda p: ops.sum(likelihood.log_prob(images, p)), logits)
    np.testing.assert_allclose(first.ravel(), (pixel - expected) * inner, atol=1e-6)
    second = gradient(lambda p: ops.sum(likelihood.mean(p)), logits)
    np.testing.assert_allclose(second.ravel(), slope * inner, atol=2e-6)


def test_the_expansion_of_the_continuous_bernoulli_ends_before_it_goes_astray():
    """At a grey of 1/2 the log-density is -log(sinh(a / 2) / (a / 2)), and the mean 1/2 + (coth(a / 2) - 2 / a) / 2.

    Both are below 0.4 up to a = 3; float32 has steps of 3e-8 there, and the expansion is 2e-6 off at a = 2.
    """
    logits = np.linspace(0.01, 3, 300).reshape(-1, 1, 1, 1)
    half = 510 * np.tanh(logits.ravel() / 510) / 2
    for sign in (1, -1):
        found = log_prob(ContinuousBernoulli(), np.full(logits.shape, 0.5), sign * logits)
        np.testing.assert_allclose(found, -np.log(np.sinh(half) / half), rtol=0, atol=5e-7)
        expected = 0.5 + sign * (1 / np.tanh(half) - 1 / half) / 2
        np.testing.assert_allclose(mean(ContinuousBernoulli(), sign * logits).ravel(), expected, rtol=0, atol=5e-7)


def test_continuous_bernoulli_draws_within_the_unit_interval_at_every_logit():
    logits = np.broadcast_to(np.append(LOGITS, [-1e4, 1e4]), (20000, 1, 1, len(LOGITS) + 2))
    drawn = draw(ContinuousBernoulli(), logits)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    np.testing.assert_allclose(drawn.mean(axis=(0, 1, 2)), mean(ContinuousBernoulli(), logits[:1]).ravel(), atol=0.01)


@pytest.mark.parametrize("log_scale", [-30.0, -7.0, -4.0, 0.0, 6.0, 30.0])
@pytest.mark.parametrize("location", [-3.0, -1.0, 0.1234, 0.999])
def test_discretized_logistic_is_exact_at_every_scale(location: float, log_scale: float):
    """Its difference of two sigmoids loses every digit in float32 where it is computed as it is written."""
    parameters = np.broadcast_to(np.array([location, log_scale]), (256, 1, 1, 2))
    likelihood = DiscretizedLogistic(mixtures=1)
    found = log_prob(likelihood, LEVELS.reshape(-1, 1, 1, 1), parameters)
    edges = (2 * np.arange(257) - 1) / 255 - 1
    edges[[0, -1]] = -np.inf, np.inf
    floored = np.logaddexp(0, 4 * (min(log_scale, 7) + 7)) / 4 - 7
    z = (edges - np.float32(location)) / np.exp(floored)
    with np.errstate(over="ignore", invalid="ignore"):
        # log(s(high) - s(low)), from the tail in which both are small
        flip = z[:-1] > 0
        low, high = np.where(flip, -z[1:], z[:-1]), np.where(flip, -z[:-1], z[1:])
        expected = -np.logaddexp(0, -high) + np.log1p(-np.exp(np.logaddexp(0, -high) - np.logaddexp(0, -low)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.exp(found.astype("float64")).sum() == pytest.approx(1, abs=1e-4)
    assert mean(likelihood, parameters[:1]).item() == pytest.approx(np.exp(found) @ LEVELS, abs=1 / 255 / 6)


def test_discretized_logistic_draws_levels():
    drawn = 255 * draw(DiscretizedLogistic(), decoded(DiscretizedLogistic(), 100, channels=3)).astype("float64")
    np.testing.assert_allclose(drawn, np.rint(drawn), atol=1e-4)
    assert len(np.unique(np.rint(drawn))) > 100


def test_discretized_logistic_needs_8_bit_images():
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 5, 3), dtype=np.uint8)
    for same in (images, images / 255.0, (images / np.float32(255)).astype("float32")):
        DiscretizedLogistic().check(same)
    with pytest.raises(UserError, match="needs 8-bit images.*multiples of 1/255"):
        DiscretizedLogistic().check(np.full((1, 2, 2, 1), 0.5))
    with pytest.raises(UserError, match="mixtures must be at least 1"):
        DiscretizedLogistic(mixtures=0)


def test_bits_count_probabilities_only():
    binary = np.array([0, 255], np.uint8)
    grey = np.array([0, 7, 255], np.uint8)
    probability = [choice for choice in choices(Likelihood).values() if choice().is_probability(grey)]
    assert probability == [DiscretizedLogistic]
    assert Bernoulli().is_probability(binary)
    assert Bernoulli().is_probability(binary / 255)
    assert not ContinuousBernoulli().is_probability(binary)
