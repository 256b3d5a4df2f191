"""The importance-sampled bound on log p(x) (Burda et al. 2016, eq. 8), streamed over any number of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from latente import seeds
from latente.backend import compiled, multiplying
from latente.data import Images
from latente.errors import UserError
from latente.model.arrays import in_batches
from latente.model.latent_model import Labels
from latente.model.numerics import tiled
from latente.model.vae import VAE

DECODED_AT_ONCE = 1000
"""Codes decoded in one call: enough to keep the cores busy, little enough to stay in their caches."""


@dataclass(frozen=True)
class LogLikelihood:
    """The bound for each image, and how well its samples served.

    Attributes:
        bound: log (1/K sum_k w_k) in nats with w_k = p(x, z_k) / q(z_k given x), ``(n,)``. Its mean rises with K
            towards log p(x); at K = 1 it is the ELBO.
        effective_samples: (sum w)^2 / sum w^2, between 1 and K, ``(n,)``. Near 1, a single sample decides.
    """

    bound: np.ndarray
    effective_samples: np.ndarray


def log_likelihood(vae: VAE, images: Images, samples: int = 500, seed: int = 0, labels: Labels = None) -> LogLikelihood:
    """Estimate log p(x) of every image from draws of its posterior.

    Args:
        vae: The model. Of discrete codes, which have no density, the bound is the same for any number of samples.
        images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
        samples: K, the draws per image; memory does not grow with it.
        seed: Seed of the draws: two calls agree.
        labels: The classes of the images, where the VAE is conditional: the bound is on log p(x given y) then.

    Raises:
        UserError: There are no images, no samples, or labels are missing.
    """
    if len(images) == 0 or samples < 1:
        raise UserError(
            f"log_likelihood needs images and samples >= 1. Received {len(images)} images, {samples} samples."
        )
    noise = seeds.noise(seed, "importance")
    likelihood = compiled(lambda x, z, y: vae.likelihood.log_prob(x, vae.generative(z, labels=y)))
    at_once = min(samples, 20)
    rounds = [min(at_once, samples - done) for done in range(0, samples, at_once)]

    def of_batch(batch: np.ndarray, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        q = {name: ops.convert_to_tensor(value) for name, value in vae.posterior_parameters(batch, labels).items()}
        x = vae.unit_scale(ops.convert_to_tensor(batch))
        y = None if labels is None else ops.convert_to_tensor(labels)
        return _stream((_log_weights(vae, likelihood, (x, y), q, count, noise) for count in rounds), samples)

    classes = vae.checked_labels(labels, len(images))
    return LogLikelihood(*in_batches(of_batch, images, classes, size=max(1, DECODED_AT_ONCE // at_once)))


@multiplying("float32")
def _log_weights(
    vae: VAE,
    likelihood: Callable[[Any, Any, Any], Any],
    batch: tuple[Any, Any],
    q: dict[str, Any],
    count: int,
    noise: keras.random.SeedGenerator,
) -> np.ndarray:
    """log w for ``count`` draws per image, ``(count, batch)``; ``likelihood`` gives log p(x given z) of x, z and y."""
    x, y = batch
    many = {name: tiled(value, count) for name, value in q.items()}
    z = vae.posterior.sample(many, noise)
    log_w = likelihood(tiled(x, count), z, y)
    log_w += vae.prior.log_prob(z, vae) - vae.posterior.log_prob(many, z)
    return ops.convert_to_numpy(log_w).astype("float64").reshape(count, -1)


def _stream(rounds: Iterable[np.ndarray], samples: int) -> tuple[np.ndarray, np.ndarray]:
    """log mean w and (sum w)^2 / sum w^2 over all rounds, scaled by the largest weight so far."""
    largest, total, squares = np.array(-1e300), np.array(0.0), np.array(0.0)
    for log_w in rounds:
        top = np.maximum(largest, log_w.max(axis=0))
        shrink = np.exp(largest - top)
        scaled = np.exp(log_w - top)
        total = total * shrink + scaled.sum(axis=0)
        squares = squares * shrink**2 + (scaled**2).sum(axis=0)
        largest = top
    return largest + np.log(total) - np.log(samples), total**2 / squares
