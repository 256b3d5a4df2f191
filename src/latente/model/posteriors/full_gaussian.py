"""The Gaussian whose dimensions depend on each other."""

from __future__ import annotations

import math

import keras
import numpy as np
from keras import ops

from latente.model.axes import Parameters, Posterior, Seed, Tensor
from latente.model.numerics import bounded
from latente.model.posteriors.diagonal_gaussian import LOG_VAR_BOUND


class FullGaussian(Posterior):
    """A Gaussian with full covariance (Kingma & Welling 2019, section 2.5.1): z = mean + factor * noise.

    The factor is the lower triangle that the Cholesky decomposition of the covariance would give. The encoder puts out
    latent_dim * (latent_dim + 3) / 2 numbers, so this is for few latents.
    """

    def units(self, latent_dim: int) -> int:
        """The mean, the logarithms of the factor's diagonal, and what is below it."""
        return latent_dim * (latent_dim + 3) // 2

    def parameters(self, encoded: Tensor) -> Parameters:
        """Turn ``(batch, units)`` into ``z_mean`` and ``z_factor`` ``(batch, latent_dim, latent_dim)``, triangular."""
        d = (math.isqrt(9 + 8 * encoded.shape[-1]) - 3) // 2
        z_mean, log_diagonal, below = encoded[:, :d], encoded[:, d : 2 * d], encoded[:, 2 * d :]
        # The standard deviations have the bounds of a diagonal Gaussian's.
        diagonal = ops.exp(bounded(log_diagonal, -LOG_VAR_BOUND / 2, LOG_VAR_BOUND / 2))
        numbers = ops.concatenate([diagonal, below, ops.zeros_like(encoded[:, :1])], axis=-1)
        return {"z_mean": z_mean, "z_factor": ops.reshape(ops.take(numbers, _triangle(d), axis=1), (-1, d, d))}

    def mean(self, q: Parameters) -> Tensor:
        """The mean of the Gaussian."""
        return q["z_mean"]

    def sample(self, q: Parameters, seed: Seed) -> Tensor:
        """Reparameterized: gradients flow through mean and factor."""
        noise = keras.random.normal(ops.shape(q["z_mean"]), dtype=q["z_mean"].dtype, seed=seed)
        return q["z_mean"] + _times(q["z_factor"], noise)

    def log_prob(self, q: Parameters, z: Tensor) -> Tensor:
        """The Gaussian log-density, by the noise that would have made z."""
        d = q["z_mean"].shape[-1]
        identity = ops.eye(d, dtype="float32") + ops.zeros_like(q["z_factor"])
        inverse = ops.linalg.solve_triangular(q["z_factor"], identity, lower=True)
        noise = _times(inverse, z - q["z_mean"])
        return -0.5 * (ops.sum(ops.square(noise), axis=-1) + d * math.log(2 * math.pi)) - _log_determinant(q)

    def kl_from_standard_normal(self, q: Parameters) -> Tensor:
        """Closed form, one part: 0.5 * (|factor|^2 + |mean|^2 - latent_dim) - log det factor."""
        squares = ops.sum(ops.square(q["z_factor"]), axis=(-2, -1)) + ops.sum(ops.square(q["z_mean"]), axis=-1)
        return (0.5 * (squares - q["z_mean"].shape[-1]) - _log_determinant(q))[:, None]


def _triangle(d: int) -> np.ndarray:
    """Where each entry of the factor, row by row, stands in diagonal, then what is below it, then a zero."""
    where = np.full((d, d), d * (d + 1) // 2)
    where[np.diag_indices(d)] = np.arange(d)
    where[np.tril_indices(d, -1)] = np.arange(d, d * (d + 1) // 2)
    return where.astype("int32").ravel()


def _times(matrix: Tensor, vector: Tensor) -> Tensor:
    return ops.matmul(matrix, vector[..., None])[..., 0]


def _log_determinant(q: Parameters) -> Tensor:
    return ops.sum(ops.log(ops.diagonal(q["z_factor"], axis1=-2, axis2=-1)), axis=-1)
