"""A student's model: an encoder and a decoder of plain Keras, or a VAE of Latente."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from latente.lesson.remark import Array, Mistake, called, of_shape
from latente.model import VAE

BATCH = 500
Model = VAE | tuple[Callable[..., Any], Callable[..., Any]]
"""A VAE of Latente, or the pair (encoder, decoder): Keras models or functions. The encoder takes images
``(n, H, W, C)`` in [0, 1] and gives z_mean and z_log_var; the decoder takes codes and gives images in [0, 1]."""


class Student:
    """Encodes, decodes and samples, in the words of ``latente.VAE``.

    Args:
        model: See ``Model``.
    """

    classes = 0

    def __init__(self, model: Model) -> None:
        self.vae = model if isinstance(model, VAE) else None
        self.encoder: Any
        self.decoder: Any
        self.encoder, self.decoder = (model.encoder, model.decoder) if isinstance(model, VAE) else model

    def posterior(self, images: Array) -> tuple[Array, Array]:
        """z_mean and z_log_var of images, each ``(n, d)``."""
        if self.vae is not None:
            found = self.vae.posterior_parameters(np.asarray(images))
            return found["z_mean"], found["z_log_var"]
        images = np.asarray(images, "float32")
        parts = [encoded(self.encoder, images[i : i + BATCH]) for i in range(0, len(images), BATCH)]
        mean, log_var = (np.concatenate(each) for each in zip(*parts, strict=True))
        return mean, log_var

    def encode(self, images: Array, labels: None = None) -> Array:
        """Posterior means, ``(n, d)``."""
        return self.posterior(images)[0]

    def decode(self, codes: Array, labels: None = None) -> Array:
        """Images ``(n, H, W, C)`` of codes ``(n, d)``."""
        if self.vae is not None:
            return self.vae.decode(codes)
        codes = np.asarray(codes, "float32")
        parts = [called("decoder", self.decoder, codes[i : i + BATCH]) for i in range(0, len(codes), BATCH)]
        return np.concatenate(parts).astype("float32")

    def reconstruct(self, images: Array, labels: None = None) -> Array:
        """Images decoded from their posterior means."""
        return self.decode(self.encode(images))

    def sample(self, n: int, seed: int, labels: None = None) -> Array:
        """Images decoded from draws of N(0, I)."""
        return self.decode(np.random.default_rng(seed).standard_normal((n, self.latent_dim)))

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        return self.decoder.output_shape[1:]

    @property
    def latent_dim(self) -> int:
        """Number of latents."""
        return self.decoder.input_shape[-1]

    def layers(self, half: str) -> set[str]:
        """The names of the kinds of layers in the ``encoder`` or the ``decoder``, those inside of models too."""
        network = getattr(self, half)
        flat = network._flatten_layers() if isinstance(network, keras.Model) else []
        return {kind.__name__ for layer in flat for kind in type(layer).__mro__}


def encoded(encoder: Callable[..., Any], images: Array) -> tuple[Array, Array]:
    """z_mean and z_log_var ``(n, d)`` of one batch; what the encoder gives besides them is left aside."""
    outputs = called("encoder", encoder, images)
    if not isinstance(outputs, list) or len(outputs) < 2:
        raise Mistake("one-output")
    mean, log_var = outputs[:2]
    if mean.ndim != 2 or len(mean) != len(images):
        raise Mistake("shape", what="z_mean", found=mean.shape, expected=f"({len(images)}, latents)")
    return mean, of_shape("z_log_var", log_var, mean.shape)
