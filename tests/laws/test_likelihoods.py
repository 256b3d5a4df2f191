"""Every likelihood is a density: it sums or integrates to one, and its samples have its mean."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from latente.errors import UserError
from latente.model.likelihoods import Bernoulli, Gaussian, Likelihood

pytestmark = pytest.mark.backend

GAUSSIANS = [Gaussian(std=0.3), Gaussian(std=0.3, scale="global"), Gaussian(std=0.3, scale="pixel")]
ALL = [Bernoulli(), *GAUSSIANS]


def name(likelihood: Likelihood) -> str:
    return f"{type(likelihood).__name__}-{getattr(likelihood, 'scale', '')}"


def decoded(likelihood: Likelihood, n: int, height: int = 2, width: int = 2, channels: int = 1) -> np.ndarray:
    """The same random decoder output for n images."""
    shape = (1, height, width, likelihood.channels(channels))
    return np.repeat(np.random.default_rng(0).normal(size=shape).astype("float32"), n, axis=0)


def log_prob(likelihood: Likelihood, x: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    tensors = ops.convert_to_tensor(x.astype("float32")), ops.convert_to_tensor(parameters)
    return ops.convert_to_numpy(likelihood.log_prob(*tensors))


def test_bernoulli_sums_to_one_over_all_binary_images():
    images = np.array(list(itertools.product([0.0, 1.0], repeat=4))).reshape(-1, 2, 2, 1)
    total = np.exp(log_prob(Bernoulli(), images, decoded(Bernoulli(), len(images)))).sum()
    assert total == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("likelihood", GAUSSIANS, ids=name)
def test_gaussian_integrates_to_one(likelihood: Likelihood):
    x = np.linspace(-8, 8, 20001).reshape(-1, 1, 1, 1)
    density = np.exp(log_prob(likelihood, x, decoded(likelihood, len(x), 1, 1)))
    assert np.trapezoid(density, x.ravel()) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("likelihood", ALL, ids=name)
def test_samples_have_the_mean(likelihood: Likelihood):
    parameters = ops.convert_to_tensor(decoded(likelihood, 4000))
    drawn = ops.convert_to_numpy(likelihood.sample(parameters, keras.random.SeedGenerator(0)))
    expected = ops.convert_to_numpy(likelihood.mean(parameters))
    assert drawn.shape == expected.shape
    np.testing.assert_allclose(drawn.mean(axis=0), expected[0], atol=0.06)


@pytest.mark.parametrize("likelihood", ALL, ids=name)
def test_tiling_an_image_doubles_its_log_density(likelihood: Likelihood):
    """Bug 1: a mean over pixels would leave it as it is, and let the KL dominate."""
    x = np.random.default_rng(1).uniform(size=(3, 4, 5, 3))
    parameters = decoded(likelihood, 3, 4, 5, 3)
    once = log_prob(likelihood, x, parameters)
    twice = log_prob(likelihood, np.tile(x, (1, 2, 1, 1)), np.tile(parameters, (1, 2, 1, 1)))
    np.testing.assert_allclose(twice, 2 * once, rtol=1e-4)


@pytest.mark.parametrize("likelihood", ALL, ids=name)
def test_extreme_decoder_output_stays_finite(likelihood: Likelihood):
    x = np.array([0.0, 1.0]).reshape(2, 1, 1, 1)
    for value in (-1e4, 1e4):
        parameters = np.full((2, 1, 1, likelihood.channels(1)), value, "float32")
        assert np.isfinite(log_prob(likelihood, x, parameters)).all()


@pytest.mark.parametrize("likelihood", ALL, ids=name)
@pytest.mark.parametrize("pixel", [-0.1, 1.5, 255.0, np.nan])
def test_pixels_outside_the_unit_interval_are_refused(likelihood: Likelihood, pixel: float):
    """Bug 3: cross-entropy on data outside [0, 1]."""
    images = np.full((2, 2, 2, 1), 0.5)
    images[1, 0, 0, 0] = pixel
    with pytest.raises(UserError, match=r"pixels in \[0, 1\]"):
        likelihood.check(images)


def test_gaussian_refuses_a_scale_of_zero():
    with pytest.raises(UserError, match="at least 1/510"):
        Gaussian(std=0.0)
