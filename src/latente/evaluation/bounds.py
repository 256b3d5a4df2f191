"""The elbo_terms lower bound over a whole split, per image. It never calls the objective that trained the model."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from latente import seeds
from latente.backend import multiplying
from latente.data import Images
from latente.errors import UserError
from latente.model.latent_statistics import ACTIVE_VARIANCE
from latente.model.use import BATCH, Labels
from latente.model.vae import VAE


@dataclass(frozen=True)
class ElboTerms:
    """The parts of the ELBO for each image, in nats.

    Attributes:
        reconstruction: -log p(x given z) for one draw of z, summed over pixels and channels, ``(n,)``.
        kl: KL(q(z given x), p(z)), ``(n, latent_dim)`` where posterior and prior factorize; elsewhere its last axis
            has other parts, or one that holds it all, estimated from the same draw.
        mean: The posterior means, ``(n, latent_dim)``.
    """

    reconstruction: np.ndarray
    kl: np.ndarray
    mean: np.ndarray

    @property
    def elbo(self) -> np.ndarray:
        """The bound on log p(x) at beta = 1, ``(n,)``."""
        return -self.reconstruction - self.kl.sum(axis=1)

    @property
    def active(self) -> np.ndarray:
        """Which latents are active, ``(latent_dim,)``: Var_x(E_q[z]) > 0.01 (Burda et al. 2016)."""
        return self.mean.var(axis=0) > ACTIVE_VARIANCE


def elbo_terms(vae: VAE, images: Images, seed: int = 0, labels: Labels = None) -> ElboTerms:
    """Take every image once, the last ragged batch included.

    Args:
        vae: The model.
        images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
        seed: Seed of the draws of z: two calls agree.
        labels: Their classes, where the VAE is conditional: all reads log p(x given y) then.

    Raises:
        UserError: There are no images, or labels are missing.
    """
    if len(images) == 0:
        raise UserError("Evaluation needs at least one image. Received none.")
    noise = seeds.noise(seed, "elbo_terms")
    y = vae.checked_labels(labels, len(images))
    batches = [slice(i, i + BATCH) for i in range(0, len(images), BATCH)]
    parts = [_batch(vae, np.asarray(images[rows]), None if y is None else y[rows], noise) for rows in batches]
    return ElboTerms(*(np.concatenate(arrays).astype("float64") for arrays in zip(*parts, strict=True)))


@multiplying("float32")
def _batch(
    vae: VAE, images: np.ndarray, labels: np.ndarray | None, noise: keras.random.SeedGenerator
) -> tuple[np.ndarray, ...]:
    q = {name: ops.convert_to_tensor(value) for name, value in vae.posterior_parameters(images, labels).items()}
    z = vae.posterior.sample(q, noise)
    x = vae.unit_scale(ops.convert_to_tensor(images))
    log_likelihood = vae.likelihood.log_prob(x, vae.generative(z, labels=labels))
    found = (-log_likelihood, vae.prior.kl(q, z, vae), vae.posterior.mean(q))
    return tuple(ops.convert_to_numpy(part) for part in found)
