"""A model by its functions: the range of its pixels, its likelihoods, its rows, by hand and by SciPy."""

import numpy as np
import pytest
from scipy import special, stats

from latente.errors import UserError
from latente.evaluation.bounds import gaussian_kl
from latente.evaluation.foreign import ForeignModel, Scale, bernoulli, checked_images, gaussian

RNG = np.random.default_rng(0)
IMAGES, MEANS = RNG.random((2, 5, 3, 2, 1))


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        (0.0, 1.0, (0, 1)),
        (0.2, 0.7, (0, 1)),
        (-0.001, 1.0, (-1, 1)),
        (-1.0, 0.5, (-1, 1)),
        (0.0, 1.001, (0, 255)),
        (3.0, 255.0, (0, 255)),
        (-1.001, 1.0, (-1.001, 1)),
        (0.0, 255.5, (0, 255.5)),
    ],
)
def test_pixels_are_of_the_narrowest_usual_range_that_holds_them(low: float, high: float, scale: tuple[float, float]):
    found = Scale.of(np.array([high, low, (low + high) / 2]))
    assert (found.low, found.high) == scale
    ends, unit = np.array([scale[0], scale[1], sum(scale) / 2]), np.array([0, 1, 0.5])
    np.testing.assert_allclose(found.to_unit(ends), unit, atol=1e-6)
    np.testing.assert_allclose(found.from_unit(unit), ends, atol=1e-4)


def test_likelihoods_are_summed_over_pixels():
    cross_entropy = -(special.xlogy(IMAGES, MEANS) + special.xlog1py(1 - IMAGES, -MEANS)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(bernoulli(IMAGES, MEANS), cross_entropy, rtol=1e-6)
    constant = 6 * 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(
        gaussian(IMAGES, MEANS), -stats.norm.logpdf(IMAGES, MEANS).sum(axis=(1, 2, 3)) - constant
    )
    certain = bernoulli(np.ones((1, 1, 1, 1)), np.zeros((1, 1, 1, 1)))
    assert certain == pytest.approx(-np.log(1e-7), rel=1e-4)


def test_the_kl_of_a_gaussian_is_the_integral():
    mean, log_var = np.array([[0.3, -2.0]]), np.array([[-1.0, 0.5]])
    z = np.linspace(-30, 30, 200_001)[:, None]
    log_q = stats.norm.logpdf(z, mean, np.exp(0.5 * log_var))
    expected = np.trapezoid(np.exp(log_q) * (log_q - stats.norm.logpdf(z)), z, axis=0)
    np.testing.assert_allclose(gaussian_kl(mean, log_var)[0], expected, rtol=1e-6)


def test_each_row_stays_in_its_place_past_one_batch_and_in_the_range_of_the_functions():
    """Pixels in [-1, 1] to the functions, [0, 1] to everyone else; codes are the mean pixel, in the user's range."""
    grey = np.linspace(0, 1, 1_201)
    images = np.tile(grey[:, None, None, None], (1, 3, 2, 1)).astype("float32")
    model = ForeignModel(
        lambda x: (x.mean(axis=(1, 2, 3))[:, None], np.full((len(x), 1), -2.0)),
        lambda z: np.tile(np.asarray(z)[:, :, None, None], (1, 3, 2, 1)),
        (3, 2, 1),
        "Gaussian",
        Scale(-1, 1),
    )
    mean, log_var = model.moments(images)
    np.testing.assert_allclose(mean[:, 0], 2 * grey - 1, atol=1e-6)
    assert (log_var == -2).all()
    np.testing.assert_allclose(model.decode(mean), images, atol=1e-6)
    off = model.reconstruction(images, mean + 0.2)  # a tenth of the range: six pixels, half of the square of 0.1
    np.testing.assert_allclose(off, np.full(1_201, 6 * 0.01 / 2), atol=1e-5)
    assert model.latent_dim == 1
    assert model.sample_codes(20_000, temperature=0.5).std() == pytest.approx(0.5, rel=0.03)


def test_two_images_are_enough_and_one_is_not():
    assert checked_images(np.zeros((2, 3, 3, 1)), "images").shape == (2, 3, 3, 1)
    with pytest.raises(UserError, match="at least 2 images"):
        checked_images(np.zeros((1, 3, 3, 1)), "images")
    np.testing.assert_allclose(checked_images(np.full((2, 3, 3, 1), 51, "uint8"), "images"), 0.2, rtol=1e-6)
