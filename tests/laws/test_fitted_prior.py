"""The prior fitted to codes: its density is scikit-learn's, and its draws are those of its density."""

import numpy as np
import pytest
from scipy import stats
from sklearn.mixture import GaussianMixture

from latente.errors import UserError
from latente.model.fitted_prior import FittedPrior


def codes() -> np.ndarray:
    """Two clouds, one of them slanted."""
    rng = np.random.default_rng(0)
    slanted = rng.multivariate_normal([3, 0], [[1, 0.9], [0.9, 1]], 600)
    return np.concatenate([slanted, rng.normal([-3, 1], 0.3, (300, 2))]).astype("float32")


def test_the_density_is_that_of_the_library():
    z, fitted = codes(), FittedPrior.fit(codes(), components=4, seed=2)
    library = GaussianMixture(4, max_iter=1000, random_state=2).fit(z.astype("float64"))
    np.testing.assert_allclose(fitted.log_prob(z), library.score_samples(z), rtol=1e-6)


def test_one_gaussian_has_the_moments_of_the_codes():
    z, fitted = codes(), FittedPrior.fit(codes(), components=1)
    np.testing.assert_allclose(fitted.means[0], z.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(fitted.covariances[0], np.cov(z.T, bias=True), atol=1e-4)


WEIGHTS = np.array([0.2, 0.8])
MEANS = np.array([[5.0, -1.0], [-5.0, 2.0]])
COVARIANCES = np.array([[[1.0, 0.8], [0.8, 4.0]], [[0.25, -0.1], [-0.1, 0.09]]])
KNOWN = FittedPrior(WEIGHTS, MEANS, COVARIANCES)


def test_the_density_is_scipys():
    z = np.random.default_rng(0).normal(scale=4, size=(20, 2))
    each = [w * stats.multivariate_normal(m, c).pdf(z) for w, m, c in zip(WEIGHTS, MEANS, COVARIANCES, strict=True)]
    np.testing.assert_allclose(KNOWN.log_prob(z), np.log(sum(each)))


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_draws_have_the_shares_the_means_and_the_covariances_of_the_mixture(temperature: float):
    """Within six standard errors; the temperature moves draws towards the mean of their own Gaussian."""
    n = 20_000
    drawn = KNOWN.sample(n, temperature, seed=3)
    of = (drawn[:, 0] < 0).astype(int)  # the Gaussians are ten apart
    assert of.mean() == pytest.approx(0.8, abs=6 * np.sqrt(0.16 / n))
    for k, covariance in enumerate(COVARIANCES):
        mine, variances = drawn[of == k], temperature**2 * np.diag(covariance)
        np.testing.assert_allclose(mine.mean(axis=0) - MEANS[k], 0, atol=6 * np.sqrt(variances.max() / len(mine)))
        error = 6 * np.sqrt(2 / len(mine)) * np.sqrt(np.outer(variances, variances))
        assert (np.abs(np.cov(mine.T) - temperature**2 * covariance) < error).all()


def test_without_temperature_draws_are_the_means_and_another_seed_draws_others():
    np.testing.assert_allclose(np.unique(KNOWN.sample(100, temperature=0), axis=0), MEANS[::-1])
    first, again, other = (KNOWN.sample(20, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_allclose(first, again)
    assert np.abs(first - other).max() > 0.1
    assert np.abs(KNOWN.sample(20, seed=None) - KNOWN.sample(20, seed=None)).max() > 0.1
    assert (first.shape, first.dtype) == ((20, 2), "float32")


def test_the_fit_starts_from_its_seed():
    """On one cloud cut in six, where a start decides."""
    cloud = np.random.default_rng(0).normal(size=(60, 2))
    first, again, *others = (np.sort(FittedPrior.fit(cloud, 6, seed).means[:, 0]) for seed in (0, 0, 1, 2, 3))
    np.testing.assert_allclose(first, again)
    assert max(np.abs(first - other).max() for other in others) > 0.01


def test_nonsense_is_refused():
    with pytest.raises(UserError, match="0 components"):
        FittedPrior.fit(codes(), components=0)
    with pytest.raises(UserError, match="901 components and 900 codes"):
        FittedPrior.fit(codes(), components=901)
    assert len(FittedPrior.fit(codes()[[0, -1]], components=2).weights) == 2
    with pytest.raises(UserError, match="1 components and 1 codes"):
        FittedPrior.fit(codes()[:1], components=1)
    with pytest.raises(UserError, match="NaN"):
        FittedPrior.fit(np.full((5, 2), np.nan), components=1)
    for n, temperature in ((0, 1), (3, -0.01), (3, np.inf), (3, np.nan)):
        with pytest.raises(UserError, match="n >= 1 and a finite temperature >= 0"):
            KNOWN.sample(n, temperature)
