"""Strided convolutions."""

from __future__ import annotations

from typing import Any, Literal

from keras import layers

from latente.errors import UserError
from latente.model.axes import ImageShape
from latente.model.layers import Conv2DTranspose
from latente.model.networks.maps import FeatureMaps, cropped


class Conv(FeatureMaps):
    """Strided convolutions and one dense layer, mirrored by transposed convolutions: the lesson's network.

    Args:
        filters: Filters of each convolution; each halves height and width.
        kernel_size: Side of every kernel in pixels, at least 2.
        hidden: Units of the dense layer between the convolutions and the latents; 0 leaves it out.
        activation: Keras name of the activation between layers. A 'relu' leaves half of the decoder's first map dead.
        latents: 'vector' makes each latent from the whole image; 'map' spreads latent_dim over the pixels of the
            smallest feature map, of which it must be a multiple.
    """

    def __init__(
        self,
        filters: tuple[int, ...] = (32, 64),
        kernel_size: int = 3,
        hidden: int = 128,
        activation: str = "silu",
        latents: Literal["vector", "map"] = "vector",
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, activation, latents, **kwargs)
        if kernel_size < 2 or hidden < 0:
            raise UserError(
                f"Conv needs kernel_size of at least 2 (the stride), and hidden of at least 0. Received "
                f"kernel_size {kernel_size}, hidden {hidden}."
            )
        self.kernel_size = kernel_size
        self.hidden = hidden

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        common = {"padding": "same", "activation": self.activation, "data_format": "channels_last", "dtype": dtype}
        return [layers.Conv2D(filters, self.kernel_size, strides=2, **common) for filters in self.filters]

    def _stages_up(self, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        *sizes, (height, width) = self._sizes(image_shape)
        common = {"padding": "same", "data_format": "channels_last", "dtype": dtype}
        stack: list[layers.Layer] = [layers.Activation(self.activation, dtype=dtype)]
        for filters, size in zip(self.filters[::-1], sizes[::-1], strict=True):
            stack.append(Conv2DTranspose(filters, self.kernel_size, strides=2, activation=self.activation, **common))
            stack += cropped((2 * height, 2 * width), size, dtype)
            height, width = size
        return [*stack, layers.Conv2D(channels, self.kernel_size, **common)]

    def _hidden(self, dtype: Any) -> list[layers.Layer]:
        return [layers.Dense(self.hidden, activation=self.activation, dtype=dtype)] if self.hidden else []
