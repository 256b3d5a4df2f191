"""Networks of which one spec gives both halves, so that the decoder mirrors the encoder."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import keras
from keras import activations, layers

from latente.errors import UserError
from latente.model.axes import ImageShape, Network
from latente.model.layers import sequential


class Mirrored(Network):
    """A stack of layers down to the parameters of q, and one from a code up to those of p(x given z)."""

    def encoder(
        self, image_shape: ImageShape, units: int, dtype: Any = None, latent_dim: int | None = None
    ) -> keras.Model:
        """The stack down, and the weights that give the parameters."""
        return sequential(image_shape, [*self._down(image_shape, dtype), parameters_layer(units)], name="encoder")

    def decoder(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any = None) -> keras.Model:
        """The stack up."""
        return sequential((latent_dim,), self._up(latent_dim, image_shape, channels, dtype), name="decoder")

    @abstractmethod
    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        """Layers from images ``(batch, H, W, C)`` to what the parameters are made of."""

    @abstractmethod
    def _up(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        """Layers from codes ``(batch, latent_dim)`` to ``(batch, H, W, channels)``."""


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
