"""The axis of the networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import activations, layers

from latente.errors import UserError
from latente.model.choice import Choice
from latente.model.layers import sequential

ImageShape = tuple[int, int, int]
DEFAULT = "Conv"
LATENT_DIM = 10
"""Latent dimensions where nothing else is said: the lesson's homework."""


class Network(Choice):
    """Axis: the two networks of a VAE."""

    @property
    def joins_codes(self) -> bool:
        """Whether the decoder takes any numbers beside those of a code."""
        return True

    def sizes(
        self, image_shape: Sequence[int] | None, latent_dim: int | None, classes: int
    ) -> tuple[Sequence[int], int]:
        """The shape of an image and the number of latents of a VAE that was given these, or None.

        Raises:
            UserError: There is no shape.
        """
        if image_shape is None:
            raise UserError("VAE needs image_shape, (height, width, channels). Received none.")
        return image_shape, LATENT_DIM if latent_dim is None else latent_dim

    def encoder(
        self, image_shape: ImageShape, units: int, dtype: Any = None, latent_dim: int | None = None
    ) -> keras.Model:
        """Build the network from images ``(batch, H, W, C)`` to ``(batch, units)``, in float32.

        Args:
            image_shape: Height, width and channels.
            units: Numbers per image: ``latent_dim`` for each parameter of the posterior.
            dtype: Keras's dtype policy of all layers but the last, which computes in float32.
            latent_dim: Latents per image, ``units`` by default. Networks whose latents lie on a map need it to put
                the numbers of each parameter in the order of the latents.
        """
        return sequential(image_shape, [*self._down(image_shape, dtype), parameters_layer(units)], name="encoder")

    def decoder(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any = None) -> keras.Model:
        """Build the network from codes ``(batch, latent_dim)`` to ``(batch, H, W, channels)``."""
        return sequential((latent_dim,), self._up(latent_dim, image_shape, channels, dtype), name="decoder")

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        raise NotImplementedError

    def _up(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        raise NotImplementedError


def parameters_layer(units: int) -> layers.Layer:
    """The encoder's last weights, in float32 also when the rest computes in bfloat16: these are the parameters of q."""
    return layers.Dense(units, dtype="float32", name="parameters")


def check_activation(name: str) -> None:
    """Refuse a name that is no activation of Keras.

    Raises:
        UserError: There is none of that name.
    """
    try:
        activations.get(name)
    except ValueError:
        raise UserError(
            f"activation must be one of Keras's, such as relu, gelu, silu, tanh or elu. Received {name!r}."
        ) from None
