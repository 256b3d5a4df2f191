"""A density fitted to the codes of a trained model, to draw from in place of its prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from latente.errors import UserError


@dataclass(frozen=True)
class FittedPrior:
    """A mixture of Gaussians with full covariances: ex-post density estimation (Ghosh et al. 2020, section 4).

    Attributes:
        weights: ``(components,)``, with the sum 1.
        means: ``(components, latent_dim)``.
        covariances: ``(components, latent_dim, latent_dim)``.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray

    @classmethod
    def fit(cls, codes: np.ndarray, components: int = 10, seed: int = 0) -> FittedPrior:
        """Fit it by expectation maximization, from a start by k-means.

        Args:
            codes: ``(n, latent_dim)``.
            components: Number of Gaussians; the paper has 10. With 1 the fit is exact.
            seed: Seed of the start.

        Raises:
            UserError: There are fewer codes than components or fewer than 2, or some are not finite.
        """
        from sklearn.mixture import GaussianMixture

        if not 1 <= components <= len(codes) or len(codes) < 2:
            raise UserError(
                f"A fitted prior needs at least 1 component, and 2 codes or more, at least one each. Received "
                f"{components} components and {len(codes)} codes."
            )
        if not np.isfinite(codes).all():
            raise UserError("A prior can be fitted to finite codes. Received NaN or infinity: has the model diverged?")
        mixture = GaussianMixture(components, max_iter=1000, random_state=seed).fit(np.asarray(codes, "float64"))
        return cls(mixture.weights_, mixture.means_, mixture.covariances_)

    def sample(self, n: int, temperature: float = 1.0, seed: int | None = 0) -> np.ndarray:
        """Draw codes ``(n, latent_dim)``, float32.

        Args:
            n: How many.
            temperature: Factor on the deviation of a draw from the mean of its Gaussian.
            seed: Seed of the draws; ``None`` draws anew each time.
        """
        if n < 1 or not 0 <= temperature < float("inf"):
            raise UserError(f"Samples need n >= 1 and a finite temperature >= 0. Received {n} and {temperature}.")
        rng = np.random.default_rng(seed)
        which = rng.choice(len(self.weights), size=n, p=self.weights / self.weights.sum())
        noise = rng.standard_normal((n, self.means.shape[1]))
        codes = np.empty_like(noise)
        for k, root in enumerate(np.linalg.cholesky(self.covariances)):
            codes[which == k] = self.means[k] + temperature * noise[which == k] @ root.T
        return codes.astype("float32")

    def log_prob(self, z: np.ndarray) -> np.ndarray:
        """log p(z) in nats of codes ``(n, latent_dim)``, ``(n,)``."""
        each = []
        for weight, mean, root in zip(self.weights, self.means, np.linalg.cholesky(self.covariances), strict=True):
            white = np.linalg.solve(root, (z - mean).T)  # (latent_dim, n)
            log_volume = np.log(np.diag(root)).sum() + 0.5 * len(mean) * math.log(2 * math.pi)
            each.append(math.log(weight) - 0.5 * (white**2).sum(axis=0) - log_volume)
        return np.logaddexp.reduce(each, axis=0)
