"""Networks: how x becomes the parameters of q(z given x), and z the parameters of p(x given z).

One spec gives both halves, so that the decoder mirrors the encoder for any height, width and number of channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from keras import Sequential, activations, layers

from latente.errors import UserError
from latente.model.choice import Choice
from latente.model.layers import Conv2DTranspose

ImageShape = tuple[int, int, int]


class Network(Choice):
    """Axis: the two networks of a VAE."""

    def encoder(self, image_shape: ImageShape, units: int, dtype: Any = None) -> Sequential:
        """Build the network from images ``(batch, H, W, C)`` to ``(batch, units)``, in float32."""
        return Sequential(
            [
                layers.Input(image_shape),
                *self._down(image_shape, dtype),
                # In float32 also when the rest computes in bfloat16: these are the parameters of q.
                layers.Dense(units, dtype="float32", name="parameters"),
            ],
            name="encoder",
        )

    def decoder(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any = None) -> Sequential:
        """Build the network from codes ``(batch, latent_dim)`` to ``(batch, H, W, channels)``."""
        return Sequential(
            [layers.Input((latent_dim,)), *self._up(image_shape, channels, dtype)],
            name="decoder",
        )

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        raise NotImplementedError

    def _up(self, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        raise NotImplementedError


class Conv(Network):
    """Strided convolutions and one dense layer, mirrored by transposed convolutions: the lesson's network.

    Args:
        filters: Filters of each convolution; each halves height and width.
        kernel_size: Side of every kernel in pixels, at least 2.
        hidden: Units of the dense layer between the convolutions and the latents; 0 leaves it out.
        activation: Keras name of the activation between layers.
    """

    def __init__(
        self,
        filters: tuple[int, ...] = (32, 64),
        kernel_size: int = 3,
        hidden: int = 128,
        activation: str = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        _check_activation(activation)
        if not filters or min(filters) < 1 or kernel_size < 2 or hidden < 0:
            raise UserError(
                f"Conv needs at least one number of filters, each at least 1, kernel_size of at least 2 (the stride), "
                f"and hidden of at least 0. Received filters {tuple(filters)}, kernel_size {kernel_size}, "
                f"hidden {hidden}."
            )
        self.filters = tuple(filters)
        self.kernel_size = kernel_size
        self.hidden = hidden
        self.activation = activation

    def _sizes(self, image_shape: ImageShape) -> list[tuple[int, int]]:
        """Height and width before each convolution, then after the last; 'same' padding rounds up."""
        sizes = [image_shape[:2]]
        for _ in self.filters:
            height, width = sizes[-1]
            sizes.append((math.ceil(height / 2), math.ceil(width / 2)))
        return sizes

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        common = {"padding": "same", "activation": self.activation, "dtype": dtype}
        convolutions = [layers.Conv2D(f, self.kernel_size, strides=2, **common) for f in self.filters]
        return [*convolutions, layers.Flatten(dtype=dtype), *self._hidden(dtype)]

    def _up(self, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        *sizes, (height, width) = self._sizes(image_shape)
        smallest = (height, width, self.filters[-1])
        stack = [
            *self._hidden(dtype),
            layers.Dense(math.prod(smallest), activation=self.activation, dtype=dtype),
            layers.Reshape(smallest, dtype=dtype),
        ]
        common = {"padding": "same", "dtype": dtype}
        for filters, (target_height, target_width) in zip(self.filters[::-1], sizes[::-1], strict=True):
            stack.append(Conv2DTranspose(filters, self.kernel_size, strides=2, activation=self.activation, **common))
            surplus = (2 * height - target_height, 2 * width - target_width)
            if any(surplus):  # an odd side was rounded up on the way down
                stack.append(layers.Cropping2D(((0, surplus[0]), (0, surplus[1])), dtype=dtype))
            height, width = target_height, target_width
        return [*stack, layers.Conv2D(channels, self.kernel_size, **common)]

    def _hidden(self, dtype: Any) -> list[layers.Layer]:
        return [layers.Dense(self.hidden, activation=self.activation, dtype=dtype)] if self.hidden else []


class Dense(Network):
    """Fully connected layers, mirrored: the network of Kingma & Welling (2014) and Burda et al. (2016).

    Args:
        hidden: Units of each hidden layer of the encoder; the decoder has them in reverse. None make a linear model.
        activation: Keras name of the activation between layers.
    """

    def __init__(self, hidden: tuple[int, ...] = (512, 256), activation: str = "relu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_activation(activation)
        if any(units < 1 for units in hidden):
            raise UserError(f"hidden must hold numbers that are at least 1. Received {tuple(hidden)}.")
        self.hidden = tuple(hidden)
        self.activation = activation

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        return [layers.Flatten(dtype=dtype), *self._stack(self.hidden, dtype)]

    def _up(self, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        shape = (*image_shape[:2], channels)
        return [
            *self._stack(self.hidden[::-1], dtype),
            layers.Dense(math.prod(shape), dtype=dtype),
            layers.Reshape(shape, dtype=dtype),
        ]

    def _stack(self, widths: Sequence[int], dtype: Any) -> list[layers.Layer]:
        return [layers.Dense(width, activation=self.activation, dtype=dtype) for width in widths]


def _check_activation(name: str) -> None:
    try:
        activations.get(name)
    except ValueError:
        raise UserError(
            f"activation must be one of Keras's, such as relu, gelu, silu, tanh or elu. Received {name!r}."
        ) from None
