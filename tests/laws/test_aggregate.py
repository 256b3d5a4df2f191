"""The decomposition of the KL on a linear-Gaussian encoder of Gaussian data, where every part is known."""

import numpy as np
import pytest
from scipy import special, stats

from latente.errors import UserError
from latente.evaluation import aggregate
from latente.evaluation.aggregate import decompose


def linear_gaussian(scale: float = 1.0) -> tuple[np.ndarray, np.ndarray, dict[str, float]]:
    """Means and log-variances for x ~ N(0, I), and the exact parts: q(z) = N(b, W W' + diag(s^2))."""
    rng = np.random.default_rng(1)
    w = scale * np.array([[1.0, 0.5, 0.0], [0.3, 0.8, 0.4], [0.0, 0.2, 0.1]])
    b = np.array([0.3, -0.2, 0.0])
    variance = np.array([0.3, 0.4, 0.9])
    mean = rng.standard_normal((5_000, 3)) @ w.T + b
    covariance = w @ w.T + np.diag(variance)
    log_determinant = np.linalg.slogdet(covariance)[1]
    marginal = np.diag(covariance)
    exact = {
        "mutual_information": 0.5 * (log_determinant - np.log(variance).sum()),
        "total_correlation": 0.5 * (np.log(marginal).sum() - log_determinant),
        "dimension_wise_kl": 0.5 * (marginal + b**2 - 1 - np.log(marginal)).sum(),
        "marginal_kl": 0.5 * (marginal.sum() + b @ b - 3 - log_determinant),
        "kl": 0.5 * (np.diag(w @ w.T) + b**2 + variance - 1 - np.log(variance)).sum(),
    }
    return mean, np.tile(np.log(variance), (len(mean), 1)), exact


@pytest.mark.parametrize("scale", [0.7, 1.5])
def test_every_part_is_that_of_the_known_gaussians(scale: float):
    """Bug 7: MI + TC + dimension-wise KL = KL."""
    mean, log_var, exact = linear_gaussian(scale)
    found = decompose(mean, log_var)
    for name, value in exact.items():
        assert getattr(found, name) == pytest.approx(value, abs=0.06 + 0.03 * value), name
    parts = found.mutual_information + found.total_correlation + found.dimension_wise_kl
    assert parts == pytest.approx(found.kl, abs=1e-12)
    assert found.marginal_kl == pytest.approx(found.total_correlation + found.dimension_wise_kl, abs=1e-12)


def test_the_mixture_is_scipys_of_images_of_unequal_variances(monkeypatch):
    """In ragged parts as well."""
    rng = np.random.default_rng(0)
    mean, log_var, z = rng.normal(size=(30, 3)), rng.uniform(-3, 1, size=(30, 3)), rng.normal(size=(11, 3))
    log_density = stats.norm.logpdf(z[:, None], mean, np.exp(0.5 * log_var))  # (draws, images, dimensions)
    for at_once in (aggregate.AT_ONCE, 4 * 30, 1):
        monkeypatch.setattr(aggregate, "AT_ONCE", at_once)
        joint, each = aggregate._mixture(z, mean, log_var)
        np.testing.assert_allclose(joint, special.logsumexp(log_density.sum(axis=2), axis=1) - np.log(30))
        np.testing.assert_allclose(each, special.logsumexp(log_density, axis=1) - np.log(30))


def test_the_kl_is_the_mean_of_those_of_unequal_images():
    """Sampled against closed, 0.5 (m^2 + s^2 - 1 - log s^2), within six standard errors of the draws."""
    rng = np.random.default_rng(0)
    mean, log_var = 3 * rng.normal(size=(1500, 2)), rng.uniform(-3, 1, size=(1500, 2))
    closed = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    error = np.sqrt((mean**2 * np.exp(log_var) + (np.exp(log_var) - 1) ** 2 / 2).sum()) / 1500
    assert decompose(mean, log_var).kl == pytest.approx(closed, abs=6 * error)


def test_the_prior_itself_costs_nothing():
    found = decompose(np.zeros((50, 4)), np.zeros((50, 4)))
    assert [found.mutual_information, found.total_correlation, found.marginal_kl] == pytest.approx([0, 0, 0], abs=1e-9)


def test_mutual_information_stops_at_the_logarithm_of_the_images():
    mean = np.random.default_rng(0).normal(size=(200, 5))
    assert decompose(mean, np.full(mean.shape, -18.0)).mutual_information == pytest.approx(np.log(200))
    assert decompose(mean, np.full(mean.shape, -300.0)).mutual_information <= np.log(200) + 1e-3


def test_a_repeated_dimension_is_all_correlation():
    rng = np.random.default_rng(0)
    one = 0.9 * rng.standard_normal((3000, 1))
    found = decompose(np.hstack([one, one]), np.full((3000, 2), np.log(1 - 0.81)))
    assert found.dimension_wise_kl == pytest.approx(0, abs=0.05)
    assert found.total_correlation == pytest.approx(-0.5 * np.log(1 - 0.81**2), abs=0.08)
    np.testing.assert_allclose(found.marginal_kl_per_dimension, 0, atol=0.03)


def test_nonsense_is_refused():
    with pytest.raises(UserError, match=r"\(3, 2\) and \(3,\)"):
        decompose(np.zeros((3, 2)), np.zeros(3))
    with pytest.raises(UserError, match="finite"):
        decompose(np.full((3, 2), np.nan), np.zeros((3, 2)))
