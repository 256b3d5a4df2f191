"""Using a trained VAE: NumPy arrays in, NumPy arrays out, deterministic unless asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from latente import seeds
from latente.backend import multiplying
from latente.errors import UserError
from latente.model.conditional import Conditional
from latente.model.likelihoods import Likelihood
from latente.model.pixels import as_array, check_shape
from latente.model.posteriors import Posterior
from latente.model.priors import Prior

TRAVERSAL_QUANTILES = tuple(np.linspace(0.01, 0.99, 11))
BATCH = 500
Labels = int | Sequence[int] | np.ndarray | None


class Use(Conditional):
    """The verbs of a trained VAE, mixed into ``VAE``, which sets these attributes.

    A conditional VAE needs ``labels``, from 0 to classes - 1: one for all, or one for each image or code.
    """

    image_shape: tuple[int, int, int]
    latent_dim: int
    encoder: keras.Model
    decoder: keras.Model
    posterior: Posterior
    prior: Prior
    likelihood: Likelihood
    step: Any
    images: Any
    training_noise: keras.random.SeedGenerator
    evaluation_noise: keras.random.SeedGenerator

    def noise(self, training: bool) -> keras.random.SeedGenerator:
        """Where random draws come from: training and evaluation have their own."""
        return self.training_noise if training else self.evaluation_noise

    def unit_scale(self, images: Any) -> Any:
        """Images as float32 in [0, 1]: uint8 is divided by 255 in the graph, floats stay as they are."""
        if keras.backend.standardize_dtype(images.dtype) == "uint8":
            return ops.cast(images, "float32") / 255.0
        return ops.cast(images, "float32")

    def inference(self, x: Any, training: bool = False, labels: Any = None) -> dict[str, Any]:
        """The parameters of q(z given x) for images ``(batch, H, W, C)`` in [0, 1], all of them tensors."""
        return self.posterior.parameters(self.encoder(self.joined(x, labels), training=training))

    def generative(self, z: Any, training: bool = False, labels: Any = None) -> Any:
        """The parameters of p(x given z), in float32, for codes ``(batch, latent_dim)``, all of them tensors."""
        return ops.cast(self.decoder(self.joined(z, labels), training=training), "float32")

    @multiplying("float32")
    def posterior_parameters(self, images: np.ndarray, labels: Labels = None) -> dict[str, np.ndarray]:
        """The parameters of q(z given x) for each image, such as ``z_mean`` and ``z_log_var``.

        Args:
            images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
            labels: The classes of the images, where the VAE is conditional.
        """
        images = self._checked(images)
        encoded = _in_batches(
            lambda x, y: self.encoder(self.joined(self.unit_scale(x), y)),
            images,
            self.checked_labels(labels, len(images)),
        )
        parameters = self.posterior.parameters(ops.convert_to_tensor(encoded))
        return {name: ops.convert_to_numpy(value) for name, value in parameters.items()}

    @multiplying("float32")
    def encode(self, images: np.ndarray, sample: bool = False, seed: int = 0, labels: Labels = None) -> np.ndarray:
        """Codes ``(n, latent_dim)`` of images: the posterior means, or one draw each if ``sample``."""
        parameters = self.posterior_parameters(images, labels)
        if not sample:
            return ops.convert_to_numpy(self.posterior.mean(parameters))
        tensors = {name: ops.convert_to_tensor(value) for name, value in parameters.items()}
        return ops.convert_to_numpy(self.posterior.sample(tensors, seeds.noise(seed, "codes of images")))

    @multiplying("float32")
    def decode(self, codes: np.ndarray, labels: Labels = None) -> np.ndarray:
        """Mean images ``(n, H, W, C)``, float32 in [0, 1], of codes ``(n, latent_dim)``."""
        codes = as_array(codes).astype("float32")
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim:
            raise UserError(f"decode needs codes of shape (n, {self.latent_dim}). Received {codes.shape}.")
        mean = _in_batches(
            lambda z, y: self.likelihood.mean(self.generative(z, labels=y)),
            codes,
            self.checked_labels(labels, len(codes)),
        )
        return np.clip(mean, 0.0, 1.0)

    def reconstruct(self, images: np.ndarray, labels: Labels = None) -> np.ndarray:
        """Images decoded from the posterior means of ``images``: no noise, ``(n, H, W, C)`` in [0, 1]."""
        return self.decode(self.encode(images, labels=labels), labels)

    def sample(self, n: int, temperature: float = 1.0, seed: int | None = 0, labels: Labels = None) -> np.ndarray:
        """New images ``(n, H, W, C)`` decoded from draws of the prior; the encoder has no part in it.

        Args:
            n: How many.
            temperature: Below 1 draws are more typical and less varied; each prior says how.
            seed: Seed of the draws; ``None`` draws anew each time.
            labels: Which classes to draw, where the VAE is conditional.
        """
        return self.decode(self.sample_codes(n, temperature, seed), labels)

    @multiplying("float32")
    def sample_codes(self, n: int, temperature: float = 1.0, seed: int | None = 0) -> np.ndarray:
        """Draws of the prior ``(n, latent_dim)``."""
        if n < 1:
            raise UserError(f"The number of samples must be at least 1. Received {n}.")
        if not 0 <= temperature < float("inf"):
            raise UserError(f"temperature must be a finite number of at least 0. Received {temperature}.")
        return ops.convert_to_numpy(self.prior.sample(n, self, seeds.noise(seed, "samples"), temperature))

    def interpolate(
        self,
        start: np.ndarray,
        end: np.ndarray,
        steps: int = 10,
        path: Literal["linear", "spherical"] = "linear",
        labels: Labels = None,
    ) -> np.ndarray:
        """Images ``(steps, H, W, C)`` along the path between the codes of two images ``(H, W, C)``.

        The first and the last are the mean reconstructions of ``start`` and ``end``. A conditional VAE takes the labels
        of both, and decodes each code as the class of the nearer end: no decoder was trained on half a label.
        """
        first, last = self.encode(as_array([start, end]), labels=labels)
        return self.decode(interpolate_codes(first, last, steps, path), self.nearer(labels, steps))

    def traverse(
        self,
        dimensions: Sequence[int] | None = None,
        quantiles: Sequence[float] = TRAVERSAL_QUANTILES,
        centre: np.ndarray | None = None,
        labels: Labels = None,
    ) -> np.ndarray:
        """Images ``(dimensions, quantiles, H, W, C)``: each row moves one latent through quantiles of N(0, 1).

        Args:
            dimensions: Which latents, in which order; all by default.
            quantiles: Levels in (0, 1).
            centre: The code ``(latent_dim,)`` at which the other latents stay; 0 by default.
            labels: The class as which the codes are decoded, where the VAE is conditional.

        Raises:
            UserError: The codes are discrete; there is no such latent or quantile.
        """
        if not self.posterior.density:
            raise UserError(
                f"A traversal moves one latent through the prior. Received posterior {type(self.posterior).__name__}, "
                f"whose codes are discrete: interpolate between two images instead."
            )
        rows = range(self.latent_dim) if dimensions is None else dimensions
        if not all(0 <= dimension < self.latent_dim for dimension in rows):
            raise UserError(f"The latents are 0 to {self.latent_dim - 1}. Received dimensions {list(rows)}.")
        if not all(0 < level < 1 for level in quantiles):
            raise UserError(f"quantiles lie above 0 and below 1, as 0.01 and 0.99 do. Received {list(quantiles)}.")
        centre = np.zeros(self.latent_dim, "float32") if centre is None else as_array(centre).astype("float32")
        values = [NormalDist().inv_cdf(level) for level in quantiles]
        codes = np.tile(centre, (len(rows), len(values), 1))
        for row, dimension in enumerate(rows):
            codes[row, :, dimension] = values
        images = self.decode(codes.reshape(-1, self.latent_dim), labels)
        return images.reshape(len(rows), len(values), *self.image_shape)

    def _checked(self, images: np.ndarray) -> np.ndarray:
        images = as_array(images)
        check_shape(images.shape, self.image_shape)
        self.likelihood.check(images)
        return images


def _in_batches(function: Callable[[Any, Any], Any], array: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Apply a function of tensors, and of their labels or None, to an array, a bounded part at a time.

    Not Keras's ``predict``, which traces anew for each model and size; called as here, it also keeps no graph.
    """
    if len(array) == 0:
        raise UserError("Expected at least 1 image or code. Received none.")
    parts = []
    for i in range(0, len(array), BATCH):
        y = None if labels is None else ops.convert_to_tensor(labels[i : i + BATCH])
        parts.append(ops.convert_to_numpy(function(ops.convert_to_tensor(array[i : i + BATCH]), y)))
    return np.concatenate(parts)


def interpolate_codes(start: np.ndarray, end: np.ndarray, steps: int, path: str) -> np.ndarray:
    """Codes ``(steps, latent_dim)`` from ``start`` to ``end``, on the line or on the great circle (White 2016)."""
    if steps < 2:
        raise UserError(f"An interpolation needs at least 2 steps. Received {steps}.")
    start, end = np.asarray(start, "float64"), np.asarray(end, "float64")  # whose rounding bends no opposite codes
    t = np.linspace(0.0, 1.0, steps)[:, None]
    if path == "linear":
        return (1 - t) * start + t * end
    if path != "spherical":
        raise UserError(f"path must be 'linear' or 'spherical'. Received {path!r}.")
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    cosine = np.clip(start @ end / max(lengths[0] * lengths[1], 1e-12), -1.0, 1.0)
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:  # the same or opposite directions: the great circle is the line, or is not unique
        return (1 - t) * start + t * end
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)
