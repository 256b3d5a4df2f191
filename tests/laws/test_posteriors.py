"""KL, density and samples of the diagonal Gaussian, against numerical integrals and its own draws."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

from latente.model.posteriors.diagonal_gaussian import LOG_VAR_BOUND, DiagonalGaussian
from latente.model.priors import Prior, StandardNormal

pytestmark = pytest.mark.backend

MEAN = np.array([[0.0, 1.0, -2.0], [0.5, -0.3, 3.0]], "float32")
LOG_VAR = np.array([[0.0, -1.0, 0.7], [-3.0, 1.5, -0.2]], "float32")
MODEL = SimpleNamespace(posterior=DiagonalGaussian(), latent_dim=2)
GRID = np.linspace(-40, 40, 400001)


def tensors(mean: np.ndarray = MEAN, log_var: np.ndarray = LOG_VAR) -> dict:
    return {"z_mean": ops.convert_to_tensor(mean), "z_log_var": ops.convert_to_tensor(log_var)}


def kl_of(q: dict):
    return StandardNormal().kl(q, q["z_mean"], MODEL)


def normal(x: np.ndarray, mean: float, variance: float) -> np.ndarray:
    return np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)


def test_kl_equals_the_integral_and_is_never_negative():
    """Bug 2: wrong sign, log-variance read as sigma, a mean or a sum in the wrong place."""
    kl = ops.convert_to_numpy(kl_of(tensors()))
    expected = np.empty_like(MEAN)
    for index in np.ndindex(MEAN.shape):
        q, p = normal(GRID, MEAN[index], np.exp(LOG_VAR[index])), normal(GRID, 0, 1)
        inside = (q > 1e-300) & (p > 1e-300)  # beyond, the density of the prior underflows
        q, p = q[inside], p[inside]
        expected[index] = np.trapezoid(q * np.log(q / p), GRID[inside])
    np.testing.assert_allclose(kl, expected, rtol=1e-4, atol=1e-5)
    assert kl.min() > -1e-6  # its zero is a difference of rounded numbers


def test_kl_is_zero_only_at_the_prior():
    zero = np.zeros((1, 2), "float32")
    kl = ops.convert_to_numpy(kl_of(tensors(zero, zero)))
    np.testing.assert_allclose(kl, zero, atol=1e-6)


def test_kl_matches_monte_carlo():
    q = tensors(np.repeat(MEAN[:1], 40000, axis=0), np.repeat(LOG_VAR[:1], 40000, axis=0))
    z = MODEL.posterior.sample(q, keras.random.SeedGenerator(0))
    drawn = ops.convert_to_numpy(Prior.kl(StandardNormal(), q, z, MODEL))  # what priors without a closed form do
    assert drawn.shape == (40000, 1)
    assert drawn.mean() == pytest.approx(ops.convert_to_numpy(kl_of(q))[0].sum(), abs=0.05)


def test_samples_have_the_mean_and_the_variance():
    q = tensors(np.repeat(MEAN[1:], 40000, axis=0), np.repeat(LOG_VAR[1:], 40000, axis=0))
    z = ops.convert_to_numpy(DiagonalGaussian().sample(q, keras.random.SeedGenerator(0)))
    np.testing.assert_allclose(z.mean(axis=0), MEAN[1], atol=0.04)
    np.testing.assert_allclose(z.var(axis=0), np.exp(LOG_VAR[1]), rtol=0.04)


@pytest.mark.parametrize("raw", [-1e4, 1e4])
def test_any_log_variance_stays_finite(raw: float):
    """Bug 3: exp(log-variance) overflows."""
    posterior = DiagonalGaussian()
    q = posterior.parameters(ops.convert_to_tensor(np.full((2, 6), raw, "float32")))
    z = posterior.sample(q, keras.random.SeedGenerator(0))
    for value in (q["z_log_var"], z, kl_of(q), posterior.log_prob(q, z)):
        assert np.isfinite(ops.convert_to_numpy(value)).all()
    assert np.abs(ops.convert_to_numpy(q["z_log_var"])).max() == LOG_VAR_BOUND


def test_the_density_of_the_posterior_is_scipys():
    """For draws of its own and for several of one image."""
    z = np.random.default_rng(0).normal(scale=2, size=(2, 3)).astype("float32")
    expected = stats.norm.logpdf(z, MEAN, np.exp(0.5 * LOG_VAR.astype("float64")))
    q, drawn = tensors(), ops.convert_to_tensor(z)
    np.testing.assert_allclose(ops.convert_to_numpy(DiagonalGaussian().log_prob(q, drawn)), expected.sum(1), rtol=1e-4)
    np.testing.assert_allclose(ops.convert_to_numpy(DiagonalGaussian().log_prob_each(q, drawn)), expected, rtol=1e-4)


def test_prior_density_and_samples():
    prior = StandardNormal()
    z = np.array([[0.0, 0.0], [1.0, -2.0]], "float32")
    expected = np.log(normal(z, 0, 1)).sum(axis=1)
    np.testing.assert_allclose(
        ops.convert_to_numpy(prior.log_prob(ops.convert_to_tensor(z), MODEL)), expected, rtol=1e-5
    )
    for temperature in (1.0, 0.5, 2.0):
        drawn = ops.convert_to_numpy(prior.sample(20000, MODEL, keras.random.SeedGenerator(0), temperature))
        np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.05)
        np.testing.assert_allclose(drawn.std(axis=0), temperature, rtol=0.03)


def test_a_value_beyond_the_bounds_can_come_back():
    """A plain clip would have no gradient there; checked by moving a variable down its KL."""

    class Encoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.raw = self.add_weight(shape=(1, 2), initializer=keras.initializers.Constant(30.0))

        def call(self, x):
            return ops.zeros_like(x) + ops.convert_to_tensor(self.raw)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            q = DiagonalGaussian().parameters(y_pred)
            return ops.mean(kl_of(q))

    model = Encoder()
    model.compile(keras.optimizers.Adam(1.0), jit_compile=False)
    model.fit(np.zeros((1, 2), "float32"), epochs=5, verbose=0)
    assert float(ops.convert_to_numpy(model.raw)[0, 1]) < 26
