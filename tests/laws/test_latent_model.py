"""Any model that encodes, decodes and says its shapes is measured as Latente measures its own."""

import keras
import numpy as np
import pytest

from latente import VAE, UserError
from latente.data import load
from latente.evaluation import elbo_terms, metrics
from latente.evaluation.foreign import ForeignModel
from latente.evaluation.split_measurements import SplitMeasurements
from latente.model.latent_model import interpolate_codes
from latente.model.networks import Dense

pytestmark = pytest.mark.backend

# What depends on no random number of the model's own: codes are means, and the images that are compared the same.
EXACT = ("kl", "active_units", "z_mean_std", "kl_per_dimension", "reconstruction_mse", "reconstruction_sharpness")


@pytest.fixture(scope="module")
def dataset():
    return load("digits", subset=400)


@pytest.fixture(scope="module")
def vae(dataset) -> VAE:
    keras.utils.set_random_seed(0)
    vae = VAE(dataset.image_shape, 4, Dense(hidden=(32,)))
    vae.compile(keras.optimizers.Adam(1e-2))
    vae.fit(np.asarray(dataset.train.images), epochs=10, batch_size=40, verbose=0)
    return vae


@pytest.fixture(scope="module")
def foreign(vae: VAE) -> ForeignModel:
    """The same model, known by two functions and the name of its likelihood alone."""
    return ForeignModel(vae.moments, vae.decode, vae.image_shape, "Bernoulli")


def test_it_has_the_shapes_of_the_model_behind_it(vae: VAE, foreign: ForeignModel):
    assert (foreign.image_shape, foreign.latent_dim, foreign.classes) == ((12, 12, 1), 4, 0)
    assert foreign.sample(3).shape == (3, 12, 12, 1)
    assert foreign.traverse([2], (0.5,)).shape == (1, 1, 12, 12, 1)


def test_the_verbs_that_follow_agree(vae: VAE, foreign: ForeignModel, dataset):
    images = np.asarray(dataset.test.images[:7])
    np.testing.assert_allclose(foreign.encode(images), vae.encode(images), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(foreign.reconstruct(images), vae.reconstruct(images), atol=1e-6)
    path = [model.interpolate(images[0], images[1], 5, "spherical") for model in (vae, foreign)]
    np.testing.assert_allclose(*path, atol=1e-5)
    drawn = np.stack([foreign.encode(images, sample=True, seed=seed) for seed in range(400)])
    mean, log_var = vae.moments(images)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=6 * np.exp(0.5 * log_var).max() / 20)
    np.testing.assert_allclose(drawn.std(axis=0), np.exp(0.5 * log_var), rtol=0.25)


@pytest.mark.parametrize(
    ("start", "end", "middle"),
    [
        ([2.0, 0.0], [0.0, 2.0], [2**0.5, 2**0.5]),  # an eighth of the circle of radius 2
        ([1.0, 0.0], [4.0, 0.0], [2.5, 0.0]),  # one direction
        ([3.0, 0.0], [-1.0, 0.0], [1.0, 0.0]),  # opposite ones
    ],
)
def test_a_great_circle_is_the_line_where_it_is_not_unique(start: list, end: list, middle: list):
    path = interpolate_codes(np.array(start), np.array(end), 3, "spherical")
    np.testing.assert_allclose(path, [start, middle, end], atol=1e-9)


def test_its_bound_is_that_of_the_model_behind_it(vae: VAE, foreign: ForeignModel, dataset):
    images = np.asarray(dataset.test.images)
    own, others = ([elbo_terms(model, images, seed) for seed in range(20)] for model in (vae, foreign))
    np.testing.assert_allclose(own[0].kl, others[0].kl, rtol=1e-4, atol=1e-6)
    means = [np.mean([terms.elbo.mean() for terms in each]) for each in (own, others)]
    error = np.std([terms.elbo.mean() for terms in own]) / np.sqrt(len(own))
    assert abs(means[0] - means[1]) < 6 * error + 1e-3


@pytest.mark.parametrize("group", [metrics.bound, metrics.latents, metrics.reconstructions], ids=lambda f: f.__name__)
def test_its_metrics_are_those_of_the_model_behind_it(vae: VAE, foreign: ForeignModel, dataset, group):
    own, others = (group(SplitMeasurements(model, dataset, "test", seed=0)) for model in (vae, foreign))
    assert own.keys() == others.keys()
    for name in EXACT:
        if name in own:
            np.testing.assert_allclose(own[name]["value"], others[name]["value"], rtol=1e-4, atol=1e-5)


def test_codes_without_a_density_have_no_moments():
    vae = VAE((8, 8, 1), 4, Dense(hidden=()), posterior="FSQ", prior="Uniform")
    with pytest.raises(UserError, match="need the posterior DiagonalGaussian. Received FSQ"):
        vae.moments(np.zeros((2, 8, 8, 1), "uint8"))
    with pytest.raises(UserError, match="codes are discrete"):
        vae.traverse()


@pytest.mark.parametrize(
    ("images", "codes", "message"),
    [
        (
            np.zeros((6, 12, 12, 1), "uint8"),
            np.zeros((1, 4)),
            r"each of 6 images, of 4 numbers. Received \(1, 4\)",
        ),
        (np.zeros((1, 12, 12, 1), "uint8"), np.zeros((6, 4)), r"a code for each of 1 images"),
        (np.zeros((2, 12, 12, 1), "uint8"), np.zeros((2, 3)), r"of 4 numbers. Received \(2, 3\)"),
        (np.full((2, 12, 12, 1), 7.0), np.zeros((2, 4)), "needs pixels in"),
        (np.zeros((2, 12, 12), "uint8"), np.zeros((2, 4)), "must have the shape"),
    ],
    ids=["one code", "one image", "width", "range", "shape"],
)
def test_a_reconstruction_is_of_one_code_an_image(vae: VAE, images: np.ndarray, codes: np.ndarray, message: str):
    with pytest.raises(UserError, match=message):
        vae.reconstruction(images, codes)
