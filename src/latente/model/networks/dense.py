"""Fully connected networks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from keras import layers

from latente.errors import UserError
from latente.model.axes import ImageShape
from latente.model.networks.mirrored import Mirrored, check_activation


class Dense(Mirrored):
    """Fully connected layers, mirrored: the network of Kingma & Welling (2014) and Burda et al. (2016).

    Args:
        hidden: Units of each hidden layer of the encoder; the decoder has them in reverse. None make a linear model.
        activation: Keras name of the activation between layers.
    """

    def __init__(self, hidden: tuple[int, ...] = (512, 256), activation: str = "relu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_activation(activation)
        if any(units < 1 for units in hidden):
            raise UserError(f"hidden must hold numbers that are at least 1. Received {tuple(hidden)}.")
        self.hidden = tuple(hidden)
        self.activation = activation

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        return [layers.Flatten("channels_last", dtype=dtype), *self._stack(self.hidden, dtype)]

    def _up(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        shape = (*image_shape[:2], channels)
        return [
            *self._stack(self.hidden[::-1], dtype),
            layers.Dense(math.prod(shape), dtype=dtype),
            layers.Reshape(shape, dtype=dtype),
        ]

    def _stack(self, widths: Sequence[int], dtype: Any) -> list[layers.Layer]:
        return [layers.Dense(width, activation=self.activation, dtype=dtype) for width in widths]
