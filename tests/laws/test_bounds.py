"""Bounds on a linear-Gaussian VAE, whose log p(x) is known exactly."""

import numpy as np
import pytest

from latente import VAE
from latente.evaluation import elbo_terms, importance, log_likelihood
from latente.model.likelihoods import Gaussian
from latente.model.networks import Dense

pytestmark = pytest.mark.backend

SHAPE, LATENTS, STD = (2, 3, 1), 2, 0.4
LENGTHS = (1, 499, 500, 501, 1001)
"""Around whole batches: evaluation takes 500 images at a time."""


@pytest.fixture(scope="module")
def linear() -> tuple[VAE, np.ndarray, np.ndarray]:
    """A model, images, and their exact log p(x): x ~ N(b, W W' + std^2 I). Its posterior is close, not exact."""
    rng = np.random.default_rng(0)
    w, b = rng.normal(scale=0.3, size=(LATENTS, 6)), np.full(6, 0.5)
    vae = VAE(SHAPE, LATENTS, network=Dense(hidden=()), likelihood=Gaussian(std=STD))
    vae.decoder.layers[0].set_weights([w, b])
    covariance = w.T @ w + STD**2 * np.eye(6)
    gain = w @ np.linalg.inv(covariance)  # the exact posterior mean is gain (x - b)
    spread = np.diag(np.eye(LATENTS) - gain @ w.T)
    kernel = np.concatenate([gain.T, np.zeros((6, LATENTS))], axis=1)
    vae.encoder.layers[-1].set_weights([kernel, np.concatenate([-gain @ b, np.log(1.5 * spread)])])
    x = np.clip(rng.multivariate_normal(b, covariance, size=60), 0, 1)
    centred = x - b
    exact = -0.5 * (
        (centred @ np.linalg.inv(covariance) * centred).sum(axis=1) + np.linalg.slogdet(2 * np.pi * covariance)[1]
    )
    return vae, x.reshape(-1, *SHAPE).astype("float32"), exact


def test_many_samples_approach_the_exact_log_density_from_below(linear):
    """Bug 8: importance weights that favour the worst samples."""
    vae, x, exact = linear
    repeats = {1: 100, 5: 40, 50: 10, 1000: 1}  # the fewer samples, the noisier the bound
    means = [log_likelihood(vae, np.repeat(x, times, axis=0), samples=k).bound.mean() for k, times in repeats.items()]
    assert means[0] + 0.05 < means[1] < means[2] + 0.005
    assert means[2] < means[3] + 0.005  # both within the noise of exact
    assert exact.mean() - 0.05 < means[-1] < exact.mean() + 0.01


def test_one_sample_is_the_elbo(linear):
    vae, x, exact = linear
    # The closed-form KL and the sampled one agree on average over draws.
    repeated = np.repeat(x, 60, axis=0)
    one = log_likelihood(vae, repeated, samples=1).bound.mean()
    elbo = elbo_terms(vae, repeated).elbo.mean()
    assert one == pytest.approx(elbo, abs=0.05)
    assert elbo < exact.mean()


def test_streaming_changes_nothing():
    rounds = [np.random.default_rng(i).normal(scale=30, size=(k, 5)) for i, k in enumerate((3, 7, 1))]
    bound, effective = importance._stream(iter(rounds), 11)
    w = np.concatenate(rounds)
    np.testing.assert_allclose(bound, np.logaddexp.reduce(w, axis=0) - np.log(11))
    share = np.exp(w - np.logaddexp.reduce(w, axis=0))
    np.testing.assert_allclose(effective, 1 / (share**2).sum(axis=0))


def test_it_does_not_matter_when_the_largest_weight_comes():
    """Weights 1 and 1, then 2, then 4, whose sum is 8 and whose squares' sum is 22; and the other way round."""
    for weights in ([[1, 1], [2], [4]], [[4], [2], [1, 1]]):
        bound, effective = importance._stream((np.log(each)[:, None] for each in weights), 4)
        np.testing.assert_allclose(bound, [np.log(8 / 4)])
        np.testing.assert_allclose(effective, [8**2 / 22])


def test_the_exact_posterior_makes_every_bound_tight(linear):
    vae, x, exact = linear
    kernel, bias = vae.encoder.layers[-1].get_weights()
    narrow = bias.copy()
    narrow[LATENTS:] -= np.log(1.5)
    vae.encoder.layers[-1].set_weights([kernel, narrow])
    found = log_likelihood(vae, x, samples=100)
    vae.encoder.layers[-1].set_weights([kernel, bias])
    # Its dimensions are nearly independent given x, so a diagonal posterior is nearly exact.
    assert found.bound.mean() == pytest.approx(exact.mean(), abs=0.02)
    assert found.effective_samples.mean() > 50


def deaf(classes: int = 0, blind: bool = False) -> VAE:
    """A model whose decoder does not hear the code, so that no figure of an image depends on the draw.

    Where it is blind, its posterior is the prior.
    """
    rng = np.random.default_rng(1)
    vae = VAE(SHAPE, LATENTS, network=Dense(hidden=()), classes=classes)
    encoder, decoder = (
        [rng.normal(size=each.shape) / 2 for each in half.weights] for half in (vae.encoder, vae.decoder)
    )
    decoder[0][:LATENTS] = 0
    vae.encoder.set_weights([0 * each for each in encoder] if blind else encoder)
    vae.decoder.set_weights(decoder)
    return vae


@pytest.mark.parametrize("n", LENGTHS)
def test_every_image_has_its_own_terms_in_its_place(n: int):
    vae, x = deaf(), np.random.default_rng(2).uniform(size=(n, 6))
    (kernel, bias), logits = vae.encoder.get_weights(), vae.decoder.get_weights()[1]
    mean, log_var = np.split(x @ kernel + bias, 2, axis=1)
    found = elbo_terms(vae, x.reshape(-1, *SHAPE).astype("float32"))
    np.testing.assert_allclose(found.mean, mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.kl, 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.reconstruction, (np.logaddexp(0, logits) - x * logits).sum(axis=1), rtol=1e-5)


@pytest.mark.parametrize("n", LENGTHS)
def test_every_image_has_its_own_bound_in_its_place(n: int):
    """Where q is the prior, each weight is p(x given z), which is here the same for every draw."""
    vae, x = deaf(blind=True), np.random.default_rng(2).uniform(size=(n, 6))
    logits = vae.decoder.get_weights()[1]
    found = log_likelihood(vae, x.reshape(-1, *SHAPE).astype("float32"), samples=2)
    np.testing.assert_allclose(found.bound, (x * logits - np.logaddexp(0, logits)).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found.effective_samples, np.full(n, 2.0), rtol=1e-5)


def test_every_image_keeps_its_label():
    rng = np.random.default_rng(3)
    x, y = rng.uniform(size=(1001, 6)), rng.integers(0, 3, size=1001)
    images, one_hot = x.reshape(-1, *SHAPE).astype("float32"), np.eye(3)[y]
    vae = deaf(classes=3)
    beside = np.concatenate([x.reshape(-1, 6, 1), np.repeat(one_hot[:, None], 6, axis=1)], axis=2).reshape(-1, 24)
    kernel, bias = vae.encoder.get_weights()
    mean, found = (beside @ kernel + bias)[:, :LATENTS], elbo_terms(vae, images, labels=y)
    for codes in (found.mean, vae.encode(images, labels=y)):
        np.testing.assert_allclose(codes, mean, rtol=1e-4, atol=1e-5)
    kernel, bias = vae.decoder.get_weights()
    logits = one_hot @ kernel[LATENTS:] + bias
    np.testing.assert_allclose(vae.decode(mean, labels=y).reshape(-1, 6), 1 / (1 + np.exp(-logits)), rtol=1e-5)
    expected = (x * logits - np.logaddexp(0, logits)).sum(axis=1)
    np.testing.assert_allclose(found.reconstruction, -expected, rtol=1e-5)
    bound = log_likelihood(deaf(classes=3, blind=True), images, samples=2, labels=y).bound
    np.testing.assert_allclose(bound, expected, rtol=1e-5)
