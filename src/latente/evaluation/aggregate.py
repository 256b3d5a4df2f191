"""The aggregate posterior q(z), the mixture of all q(z given x), against the prior: where the KL goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latente.errors import UserError

COMPONENTS = 10_000
"""At most so many images make up the mixture."""
DRAWS = 2_000
"""At most so many of them give a draw each."""
AT_ONCE = 200_000
"""Densities held at a time: draws of a chunk times components."""
MOST_LOG_VAR = 60.0
"""Log-variances beyond are clipped: their exponentials would overflow, and no useful code has them."""


@dataclass(frozen=True)
class Aggregate:
    """The KL of the posteriors and its parts, in nats per image (Hoffman & Johnson 2016; Chen et al. 2018, eq. 2).

    ``mutual_information + total_correlation + dimension_wise_kl = kl`` to the last digit, because all are averages
    over the same draws.

    Attributes:
        mutual_information: I(x; z) under q: the mean of log q(z given x) - log q(z). At most log N of N images.
        total_correlation: KL(q(z), prod_j q(z_j)): how far the dimensions depend on each other.
        marginal_kl_per_dimension: KL(q(z_j), p(z_j)), ``(latent_dim,)``.
    """

    mutual_information: float
    total_correlation: float
    marginal_kl_per_dimension: np.ndarray

    @property
    def dimension_wise_kl(self) -> float:
        """sum_j KL(q(z_j), p(z_j))."""
        return float(self.marginal_kl_per_dimension.sum())

    @property
    def marginal_kl(self) -> float:
        """KL(q(z), p(z)): how far the codes of the data are from the prior that samples are drawn from."""
        return self.total_correlation + self.dimension_wise_kl

    @property
    def kl(self) -> float:
        """The mean of KL(q(z given x), p(z)), estimated from the same draws."""
        return self.mutual_information + self.marginal_kl


def decompose(mean: np.ndarray, log_var: np.ndarray, seed: int = 0) -> Aggregate:
    """Compare q(z) = 1/N sum_n q(z given x_n), of diagonal Gaussians, with the prior N(0, I).

    One draw from each of up to 2,000 posteriors, and at each the density of the whole mixture of up to 10,000: the
    full-sample estimate, neither minibatch-weighted nor stratified. The mixture contains the component that a draw
    came from, so the figures are unbiased for these N images. As estimates for all images that could have been, they
    are biased where posteriors hardly overlap: the mutual information cannot exceed log N (9.2 nats of 10,000), and
    what it lacks appears in the other parts.

    Args:
        mean: Posterior means, ``(N, latent_dim)``.
        log_var: Logarithms of the posterior variances, ``(N, latent_dim)``.
        seed: Seed of the draws, and of the choice of images where there are more.

    Raises:
        UserError: The arrays do not fit each other, are empty or not finite.
    """
    mean, log_var = np.asarray(mean, "float64"), np.asarray(log_var, "float64")
    if mean.shape != log_var.shape or mean.ndim != 2 or 0 in mean.shape:
        raise UserError(f"decompose needs two arrays (N, latent_dim). Received {mean.shape} and {log_var.shape}.")
    if not (np.isfinite(mean).all() and np.isfinite(log_var).all()):
        raise UserError("decompose needs finite means and log-variances. Received NaN or infinity: has it diverged?")
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(mean))[:COMPONENTS]
    mean, log_var = mean[chosen], np.clip(log_var[chosen], -MOST_LOG_VAR, MOST_LOG_VAR)
    drawn = slice(0, DRAWS)
    noise = rng.standard_normal(mean[drawn].shape)
    z = mean[drawn] + np.exp(0.5 * log_var[drawn]) * noise
    log_q, log_q_each = _mixture(z, mean, log_var)
    log_q_given_x = -0.5 * (noise**2 + log_var[drawn] + np.log(2 * np.pi)).sum(axis=1)
    log_p_each = -0.5 * (z**2 + np.log(2 * np.pi))
    return Aggregate(
        mutual_information=float(np.mean(log_q_given_x - log_q)),
        total_correlation=float(np.mean(log_q - log_q_each.sum(axis=1))),
        marginal_kl_per_dimension=np.mean(log_q_each - log_p_each, axis=0),
    )


def _mixture(z: np.ndarray, mean: np.ndarray, log_var: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """log q(z), ``(draws,)``, and log q(z_j), ``(draws, latent_dim)``, of draws ``(draws, latent_dim)``."""
    precision = np.exp(-0.5 * log_var).T.copy()  # (latent_dim, N), so that a dimension lies in one piece
    centre = mean.T * precision
    constant = -0.5 * (log_var.T + np.log(2 * np.pi))
    joint, each = np.empty(len(z)), np.empty(z.shape)
    step = max(1, AT_ONCE // len(mean))
    for start in range(0, len(z), step):
        rows = slice(start, start + step)
        total = np.zeros((len(z[rows]), len(mean)))
        for j in range(z.shape[1]):
            log_density = constant[j] - 0.5 * (z[rows, j, None] * precision[j] - centre[j]) ** 2
            each[rows, j] = _log_mean_exp(log_density)
            total += log_density
        joint[rows] = _log_mean_exp(total)
    return joint, each


def _log_mean_exp(values: np.ndarray) -> np.ndarray:
    """The logarithm of the mean of exp(values) over the last axis, scaled by the largest."""
    top = values.max(axis=-1, keepdims=True)
    return np.log(np.exp(values - top).mean(axis=-1)) + top[..., 0]
