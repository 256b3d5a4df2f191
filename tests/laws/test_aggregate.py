"""The decomposition of the KL on a linear-Gaussian encoder of Gaussian data, where every part is known."""

import numpy as np
import pytest

from latente.errors import UserError
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


def test_the_kl_is_the_average_over_its_own_draws(monkeypatch):
    from latente.evaluation import aggregate

    mean, log_var, _ = linear_gaussian()
    mean, log_var = mean[:300], log_var[:300]
    whole = decompose(mean, log_var)
    rng = np.random.default_rng(0)
    order = rng.permutation(300)
    noise = rng.standard_normal(mean.shape)
    z = mean[order] + np.exp(0.5 * log_var[order]) * noise
    sampled = 0.5 * (z**2 - noise**2 - log_var[order]).sum(axis=1).mean()
    assert whole.kl == pytest.approx(sampled, abs=1e-12)
    monkeypatch.setattr(aggregate, "AT_ONCE", 7 * 300)  # ragged chunks
    assert decompose(mean, log_var).total_correlation == pytest.approx(whole.total_correlation, abs=1e-12)


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
