"""The prior fitted to codes: its density is scikit-learn's, and its draws are those of its density."""

import numpy as np
import pytest
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


def test_draws_follow_the_density():
    z, fitted = codes(), FittedPrior.fit(codes(), components=2)
    drawn = fitted.sample(20_000)
    np.testing.assert_allclose(drawn.mean(axis=0), z.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(z.T), rtol=0.05, atol=0.05)
    assert fitted.log_prob(drawn).mean() == pytest.approx(fitted.log_prob(z).mean(), abs=0.05)
    np.testing.assert_array_equal(drawn, fitted.sample(20_000))
    assert len(np.unique(fitted.sample(100, temperature=0), axis=0)) == 2


def test_nonsense_is_refused():
    with pytest.raises(UserError, match="0 components"):
        FittedPrior.fit(codes(), components=0)
    with pytest.raises(UserError, match="901 components and 900 codes"):
        FittedPrior.fit(codes(), components=901)
    with pytest.raises(UserError, match="NaN"):
        FittedPrior.fit(np.full((5, 2), np.nan), components=1)
    with pytest.raises(UserError, match="temperature"):
        FittedPrior.fit(codes(), components=1).sample(3, temperature=-1)
