"""The evidence lower bound over a whole split, per image. It never calls the objective that trained the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from latente import seeds
from latente.backend import multiplying
from latente.data import Images
from latente.errors import UserError
from latente.model.arrays import Array, in_batches
from latente.model.latent_model import Labels, LatentModel, draw
from latente.model.latent_statistics import ACTIVE_VARIANCE
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


@multiplying("float32")
def elbo_terms(model: LatentModel, images: Images, seed: int = 0, labels: Labels = None) -> ElboTerms:
    """Take every image once, the last ragged batch included.

    Args:
        model: The model; of another than ``VAE`` the KL is that of a diagonal Gaussian from N(0, I).
        images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
        seed: Seed of the draws of z: two calls agree.
        labels: Their classes, where the model is conditional: all reads log p(x given y) then.

    Raises:
        UserError: There are no images, or labels are missing.
    """
    if len(images) == 0:
        raise UserError("Evaluation needs at least one image. Received none.")
    terms = (
        partial(_of_vae, model, seeds.noise(seed, "evidence"))
        if isinstance(model, VAE)
        else partial(_of_gaussian, model, seeds.drawing(seed, "evidence"))
    )
    found = in_batches(terms, images, model.checked_labels(labels, len(images)))
    return ElboTerms(*(array.astype("float64") for array in found))


def _of_vae(vae: VAE, noise: keras.random.SeedGenerator, images: Array, labels: Array | None) -> tuple[Any, ...]:
    q = {name: ops.convert_to_tensor(value) for name, value in vae.posterior_parameters(images, labels).items()}
    z = vae.posterior.sample(q, noise)
    log_likelihood = vae.likelihood.log_prob(vae.unit_scale(images), vae.generative(z, labels=labels))
    return -log_likelihood, vae.prior.kl(q, z, vae), vae.posterior.mean(q)


def _of_gaussian(
    model: LatentModel, rng: np.random.Generator, images: Array, labels: Array | None
) -> tuple[Array, ...]:
    mean, log_var = model.moments(images, labels)
    return model.reconstruction(images, draw(mean, log_var, rng), labels), gaussian_kl(mean, log_var), mean


def gaussian_kl(mean: Array, log_var: Array) -> Array:
    """KL of diagonal Gaussians from N(0, I), ``(n, d)`` in nats: Kingma & Welling (2014), appendix B."""
    return 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var)
