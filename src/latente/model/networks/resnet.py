"""Residual networks."""

from __future__ import annotations

from typing import Any, Literal

from keras import layers

from latente.errors import UserError
from latente.model.axes import ImageShape
from latente.model.layers import ResidualBlock, SelfAttention
from latente.model.networks.maps import FeatureMaps, Size, cropped


class ResNet(FeatureMaps):
    """Residual blocks (He et al. 2016) with group normalization (Wu & He 2018), for images of 64 x 64 and more.

    The blocks and their self-attention are those of Ho et al. (2020). A strided convolution begins each stage; the
    decoder mirrors it by nearest-neighbour upsampling and a convolution, which leaves no checkerboard as transposed
    convolutions do (Odena et al. 2016).

    Args:
        filters: Filters of each stage; each halves height and width.
        blocks: Residual blocks of each stage, at least 1.
        groups: Groups of the normalization; every number of filters must be a multiple of it.
        attention: Each block whose feature map has at most this height and width is followed by self-attention; 0
            leaves it out.
        activation: Keras name of the activation before each convolution.
        latents: 'vector' makes each latent from the whole image; 'map' spreads latent_dim over the pixels of the
            smallest feature map, of which it must be a multiple.
    """

    def __init__(
        self,
        filters: tuple[int, ...] = (32, 64, 128, 256),
        blocks: int = 1,
        groups: int = 8,
        attention: int = 0,
        activation: str = "silu",
        latents: Literal["vector", "map"] = "vector",
        **kwargs: Any,
    ) -> None:
        super().__init__(filters, activation, latents, **kwargs)
        if blocks < 1 or attention < 0:
            raise UserError(
                f"ResNet needs blocks of at least 1, and attention of at least 0. Received blocks {blocks}, "
                f"attention {attention}."
            )
        if groups < 1 or any(number % groups for number in filters):
            raise UserError(
                f"ResNet needs numbers of filters that are multiples of groups. Received filters {tuple(filters)} and "
                f"groups {groups}."
            )
        self.blocks = blocks
        self.groups = groups
        self.attention = attention

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        stack: list[layers.Layer] = []
        for filters, size in zip(self.filters, self._sizes(image_shape)[1:], strict=True):
            stack.append(_convolution(filters, dtype, strides=2))
            stack += self._stage(size, dtype)
        return [*stack, *self._normalized(dtype)]

    def _stages_up(self, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        *sizes, largest, image = self._sizes(image_shape)[::-1]
        stack: list[layers.Layer] = []
        for filters, size, larger in zip(self.filters[-2::-1], sizes, [*sizes[1:], largest], strict=True):
            stack += [*self._stage(size, dtype), *_upsampled(filters, size, larger, dtype)]
        # As the first convolution takes the pixels themselves, the last one gives them: no block is at their size.
        stack += [*self._stage(largest, dtype), *self._normalized(dtype)]
        return stack + _upsampled(channels, largest, image, dtype)

    def _stage(self, size: Size, dtype: Any) -> list[layers.Layer]:
        """The blocks of a stage, which keep a feature map's size and number of filters."""
        attends = max(size) <= self.attention and size != (1, 1)  # a single pixel has nowhere else to look
        stack: list[layers.Layer] = []
        for _ in range(self.blocks):
            stack.append(ResidualBlock(self.groups, self.activation, dtype=dtype))
            stack += [SelfAttention(self.groups, dtype=dtype)] if attends else []
        return stack

    def _normalized(self, dtype: Any) -> list[layers.Layer]:
        """What ends a residual network, whose blocks normalize only what they add."""
        return [layers.GroupNormalization(self.groups, dtype=dtype), layers.Activation(self.activation, dtype=dtype)]


def _upsampled(filters: int, size: Size, larger: Size, dtype: Any) -> list[layers.Layer]:
    doubled = (2 * size[0], 2 * size[1])
    return [
        layers.UpSampling2D(2, data_format="channels_last", dtype=dtype),
        *cropped(doubled, larger, dtype),
        _convolution(filters, dtype),
    ]


def _convolution(filters: int, dtype: Any, strides: int = 1) -> layers.Layer:
    return layers.Conv2D(filters, 3, strides, padding="same", data_format="channels_last", dtype=dtype)
