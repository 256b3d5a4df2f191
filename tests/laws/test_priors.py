"""Every prior that is a density: it integrates to one, draws what it says, and bounds what it should."""

import functools
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE
from latente.errors import UserError
from latente.evaluation import elbo_terms, log_likelihood
from latente.model import Prior, choices
from latente.model.likelihoods import Gaussian
from latente.model.networks import Dense
from latente.model.posteriors import DiagonalGaussian
from latente.model.priors import Flow, Mixture, StandardNormal, VampPrior

pytestmark = pytest.mark.backend

SHAPE, STD = (2, 3, 1), 0.4
PRIORS = [name for name, prior in choices(Prior).items() if prior.density]
LEARNED = [name for name in PRIORS if name != "StandardNormal"]
AXIS = np.linspace(-20, 20, 401)
CELL = (AXIS[1] - AXIS[0]) ** 2
GRID = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2).astype("float32")
SMALL = {"Mixture": {"components": 4}, "VampPrior": {"pseudo_inputs": 5}, "Flow": {"couplings": 3, "hidden": 8}}


def images(n: int = 20) -> np.ndarray:
    return np.random.default_rng(0).random((n, *SHAPE), "float32")


def vae_with(name: str, **options) -> VAE:
    """Linear networks for six pixels, and a prior whose weights are where training might have left them."""
    keras.utils.set_random_seed(0)
    prior = choices(Prior)[name](**SMALL.get(name, {}))
    chosen = {"latent_dim": 2, "network": Dense(hidden=()), "likelihood": Gaussian(std=STD), **options}
    vae = VAE(SHAPE, prior=prior, **chosen)
    rng = np.random.default_rng(1)
    for weight in prior.trainable_variables:
        weight.assign(ops.convert_to_numpy(weight) + rng.normal(scale=0.5, size=weight.shape))
    return vae


def density(vae: VAE, z: np.ndarray) -> np.ndarray:
    parts = (vae.prior.log_prob(ops.convert_to_tensor(part), vae) for part in np.array_split(z, 8))
    return np.exp(np.concatenate([ops.convert_to_numpy(part) for part in parts]).astype("float64"))


@pytest.mark.parametrize(
    ("name", "posterior"), [*((name, "DiagonalGaussian") for name in PRIORS), ("VampPrior", "FullGaussian")]
)
def test_the_density_is_that_of_the_draws(name: str, posterior: str):
    """It integrates to one, and its first two moments are those of many draws."""
    vae = vae_with(name, posterior=posterior)
    p = density(vae, GRID) * CELL
    assert p.sum() == pytest.approx(1, abs=2e-3)
    mean = p @ GRID
    covariance = (GRID - mean).T @ (p[:, None] * (GRID - mean))
    z = vae.sample_codes(40_000)
    assert z.shape == (40_000, 2)
    assert z.dtype == "float32"
    scale = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(z.mean(axis=0) / scale, mean / scale, atol=0.03)
    np.testing.assert_allclose(np.cov(z.T), covariance, atol=0.05 * scale.max() ** 2)


@pytest.mark.parametrize("name", PRIORS)
def test_a_lower_temperature_draws_what_is_more_typical(name: str):
    vae = vae_with(name)
    normal, cold = (np.log(density(vae, vae.sample_codes(2000, temperature))).mean() for temperature in (1, 0.5))
    assert cold > normal + 0.1
    points = np.unique(vae.sample_codes(500, temperature=0).round(4), axis=0)
    assert len(points) == {"Mixture": 4, "VampPrior": 5}.get(name, 1)


@pytest.mark.parametrize("name", PRIORS)
def test_every_bound_is_below_the_exact_log_density(name: str):
    """log p(x) by a sum over the plane of codes: the ELBO is below, and many importance samples come close."""
    vae, x = vae_with(name), images()
    kernel, bias = vae.encoder.layers[-1].get_weights()
    vae.encoder.layers[-1].set_weights([kernel, bias + np.array([0, 0, 1, 1])])  # wide enough for importance sampling
    decoded = ops.convert_to_numpy(vae.generative(ops.convert_to_tensor(GRID))).reshape(len(GRID), -1)
    distance = ((x.reshape(len(x), 1, -1) - decoded) ** 2).sum(axis=-1)
    log_p_x_given_z = -0.5 * distance / STD**2 - 6 * np.log(STD * np.sqrt(2 * np.pi))
    exact = np.log(np.exp(log_p_x_given_z) @ density(vae, GRID) * CELL).mean()
    elbo = np.mean([elbo_terms(vae, x, seed=seed).elbo.mean() for seed in range(20)])
    assert elbo < exact - 0.5
    # The encoder is no better than chance, so that of 2000 samples few count.
    assert log_likelihood(vae, x, samples=2000).bound.mean() == pytest.approx(exact, abs=0.1)


def test_the_vamp_prior_is_the_mixture_of_the_posteriors_of_its_pseudo_inputs():
    vae = vae_with("VampPrior")
    pseudo = np.clip(ops.convert_to_numpy(vae.prior.pixels), 0, 1)
    np.testing.assert_allclose(ops.convert_to_numpy(vae.prior.images()), pseudo, atol=1e-6)
    assert (pseudo == 0).any()  # some are clipped
    assert (pseudo == 1).any()
    q = vae.posterior_parameters(pseudo)
    z = np.random.default_rng(0).normal(size=(7, 2)).astype("float32")
    normal = np.exp(-0.5 * (z[:, None] - q["z_mean"]) ** 2 / np.exp(q["z_log_var"]))
    normal /= np.sqrt(2 * np.pi * np.exp(q["z_log_var"]))
    np.testing.assert_allclose(density(vae, z), normal.prod(axis=2).mean(axis=1), rtol=1e-4)


def test_one_component_at_zero_is_the_standard_normal():
    """Its sampled KL agrees with the closed form within its error."""
    vae = VAE(SHAPE, latent_dim=2, network=Dense(hidden=()), prior=Mixture(components=1))
    vae.prior.means.assign(np.zeros((1, 2)))
    vae.prior.log_vars.assign(np.zeros((1, 2)))
    z = ops.convert_to_tensor(GRID[::50])
    found, expected = (ops.convert_to_numpy(prior.log_prob(z, vae)) for prior in (vae.prior, StandardNormal()))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    n = 40_000
    mean, log_var = (np.tile(np.float32(row), (n, 1)) for row in ([1.0, -0.5], [-1.0, 0.7]))
    q = {"z_mean": ops.convert_to_tensor(mean), "z_log_var": ops.convert_to_tensor(log_var)}
    z = DiagonalGaussian().sample(q, keras.random.SeedGenerator(0))
    sampled = ops.convert_to_numpy(vae.prior.kl(q, z, vae))
    assert sampled.shape == (n, 1)
    exact = ops.convert_to_numpy(StandardNormal().kl(q, z, vae))[0].sum()
    assert sampled.mean() == pytest.approx(exact, abs=4 * sampled.std() / np.sqrt(n))


def test_new_priors_are_near_the_standard_normal():
    """Training starts from about what it knows: a flow from N(0, I) itself, a mixture from its mean and variance."""
    keras.utils.set_random_seed(0)
    flow = VAE(SHAPE, latent_dim=3, network=Dense(hidden=()), prior=Flow())
    z = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(5, 3)).astype("float32"))
    found, expected = (ops.convert_to_numpy(prior.log_prob(z, flow)) for prior in (flow.prior, StandardNormal()))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    codes = VAE(SHAPE, latent_dim=10, network=Dense(hidden=()), prior=Mixture(components=200)).sample_codes(20_000)
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.2)
    np.testing.assert_allclose(codes.var(axis=0), 1, atol=0.25)


@pytest.mark.parametrize("name", LEARNED)
def test_training_moves_every_weight_of_the_prior_and_saving_keeps_them(name: str, tmp_path: Path):
    vae = vae_with(name, network=Dense(hidden=(6,)))
    vae.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    before = [ops.convert_to_numpy(weight) for weight in vae.prior.trainable_variables]
    vae.fit(images(), verbose=0)  # one step
    after = [ops.convert_to_numpy(weight) for weight in vae.prior.trainable_variables]
    assert before
    assert all((old != new).any() for old, new in zip(before, after, strict=True))
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    for old, new in zip(after, loaded.prior.trainable_variables, strict=True):
        np.testing.assert_array_equal(old, ops.convert_to_numpy(new))
    np.testing.assert_array_equal(vae.sample(3), loaded.sample(3))


@functools.cache
def elbo_of_two_kinds(name: str) -> float:
    """The mean ELBO of black and of white images, after 250 steps of training."""
    x = np.random.default_rng(0).permutation(np.repeat(np.array([0.0, 1.0], "float32"), 125 * 64))
    x = x[:, None, None, None] * np.ones(SHAPE, "float32")
    keras.utils.set_random_seed(0)
    prior = choices(Prior)[name](**SMALL.get(name, {}))
    vae = VAE(SHAPE, latent_dim=2, network=Dense(hidden=(16,)), prior=prior)
    vae.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    vae.fit(x, batch_size=64, verbose=0)
    return float(elbo_terms(vae, x[:2000]).elbo.mean())


@pytest.mark.parametrize("name", LEARNED)
def test_two_kinds_of_images_cost_less_than_under_the_standard_normal(name: str):
    """One bit says which. Under a prior that learns, the code costs hardly more; never less, which would be a bug."""
    assert elbo_of_two_kinds("StandardNormal") + 0.05 < elbo_of_two_kinds(name) < -np.log(2) + 0.03


@pytest.mark.parametrize(
    ("prior", "options", "message"),
    [
        (Mixture, {"components": 0}, "at least 1 of its components"),
        (VampPrior, {"pseudo_inputs": 0}, "at least 1 of its pseudo_inputs"),
        (Flow, {"couplings": 1}, "at least 2 couplings"),
    ],
)
def test_what_makes_no_sense_is_refused(prior: type[Prior], options: dict, message: str):
    with pytest.raises(UserError, match=message):
        prior(**options)


def test_a_flow_of_one_latent_is_refused():
    with pytest.raises(UserError, match="latent_dim of at least 2. Received 1. Choose prior Mixture"):
        VAE(SHAPE, latent_dim=1, network=Dense(hidden=()), prior="Flow")
