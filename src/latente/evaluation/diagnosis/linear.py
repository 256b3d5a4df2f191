"""The best linear VAE of the same images, latents and likelihood: the least that a healthy VAE reaches.

A linear VAE at beta = 1 is probabilistic PCA, whose optimum is known (Lucas et al. 2019, "Don't blame the ELBO!"): in
units of the pixel noise, it keeps the principal components whose variance exceeds the noise, and shrinks each by
1 - 1 / variance; the latents beyond stay dead, by right. What the likelihood itself explains, blur and dead latents
included, it shows too; what a model lacks beside it has another cause.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

from latente.model.arrays import Array

Noise = Callable[[Array], Array | float]

ROUNDS = 3
"""The noise of a Bernoulli pixel depends on its mean, hence on the fit: it settles in so many rounds."""
LEAST_VARIANCE = 1e-4
"""Pixels are taken to have at least this much noise, a hundredth of the range squared: corners may be constant."""


@dataclass(frozen=True)
class LinearVAE:
    """What the best linear VAE makes of images.

    Attributes:
        reconstructions: ``(n, H, W, C)`` in [0, 1].
        active: How many latents it uses.
    """

    reconstructions: Array
    active: int


def linear_vae(train: Array, images: Array, latent_dim: int, noise: Noise) -> LinearVAE:
    """Fit on some images and reconstruct others.

    Args:
        train: ``(N, H, W, C)`` in [0, 1].
        images: ``(n, H, W, C)`` in [0, 1].
        latent_dim: Number of latents.
        noise: Gives the variance of the pixels about mean images, of their shape or a scalar.
    """
    flat, x = (part.reshape(len(part), -1).astype("float64") for part in (train, images))
    mean = flat.mean(axis=0)
    components = min(latent_dim, len(flat) - 1, flat.shape[1])
    fitted = np.broadcast_to(mean, flat.shape)
    for _ in range(ROUNDS):
        variance = np.broadcast_to(noise(fitted.reshape(train.shape)), train.shape).reshape(flat.shape).mean(axis=0)
        scale = np.sqrt(np.maximum(variance, LEAST_VARIANCE))
        pca = PCA(components, random_state=0).fit((flat - mean) / scale)
        axes = pca.components_[pca.explained_variance_ > 1]
        shrinkage = 1 - 1 / pca.explained_variance_[pca.explained_variance_ > 1]
        fitted = _rebuilt(flat, mean, scale, axes, shrinkage)
    rebuilt = _rebuilt(x, mean, scale, axes, shrinkage).reshape(images.shape)
    return LinearVAE(rebuilt.astype("float32"), len(axes))


def _rebuilt(x: Array, mean: Array, scale: Array, axes: Array, shrinkage: Array) -> Array:
    codes = ((x - mean) / scale) @ axes.T
    return np.clip(mean + (codes * shrinkage) @ axes * scale, 0, 1)
