"""Feature maps that halve on the way down and double on the way up, and the latents on the smallest of them."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from latente.errors import UserError
from latente.model.axes import ImageShape
from latente.model.layers import sequential
from latente.model.networks.mirrored import Mirrored, check_activation, parameters_layer

Size = tuple[int, int]


class FeatureMaps(Mirrored):
    """What ``Conv`` and ``ResNet`` share: a halving of height and width for each number of filters, and the latents.

    A vector of latents comes from the whole smallest map through dense layers. On a map of latents each pixel of the
    smallest map has ``latent_dim / (height * width)`` of its own, through the same dense layers applied at each pixel,
    which makes them 1 x 1 convolutions. A code is that map flattened: row by row, the latents of a pixel side by side.
    """

    def __init__(self, filters: Sequence[int], activation: str, latents: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_activation(activation)
        if not filters or min(filters) < 1:
            raise UserError(
                f"{type(self).__name__} needs at least one number of filters, each at least 1. "
                f"Received filters {tuple(filters)}."
            )
        if latents not in ("vector", "map"):
            raise UserError(f"latents must be vector or map. Received {latents!r}.")
        self.filters = tuple(filters)
        self.activation = activation
        self.latents = latents

    @property
    def joins_codes(self) -> bool:
        """Not where the code is a map."""
        return self.latents == "vector"

    def encoder(
        self, image_shape: ImageShape, units: int, dtype: Any = None, latent_dim: int | None = None
    ) -> keras.Model:
        """As for every network. A map needs ``units`` to be a multiple of ``latent_dim``, and that of the map's pixels.

        Raises:
            UserError: ``latent_dim`` is no multiple of the map's pixels.
        """
        stack = self._down(image_shape, dtype)
        if self.latents == "vector":
            stack += [layers.Flatten("channels_last", dtype=dtype), *self._hidden(dtype), parameters_layer(units)]
            return sequential(image_shape, stack, name="encoder")
        height, width, each = self._code_shape(latent_dim or units, image_shape)
        # From (pixel, parameter, latent) to (parameter, pixel, latent): each parameter in the order of the code.
        grouped = (height * width, units // (latent_dim or units), each)
        stack += [*self._hidden(dtype), parameters_layer(units // (height * width))]
        order = {layers.Reshape: (grouped,), layers.Permute: ((2, 1, 3),), layers.Flatten: ("channels_last",)}
        stack += [layer(*arguments, dtype="float32") for layer, arguments in order.items()]
        return sequential(image_shape, stack, name="encoder")

    def _up(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        height, width = self._sizes(image_shape)[-1]
        smallest = (height, width, self.filters[-1])
        if self.latents == "map":
            code = layers.Reshape(self._code_shape(latent_dim, image_shape), dtype=dtype)
            start = [code, *self._hidden(dtype), layers.Dense(self.filters[-1], dtype=dtype)]
        else:
            start = [*self._hidden(dtype), layers.Dense(math.prod(smallest), dtype=dtype)]
            start.append(layers.Reshape(smallest, dtype=dtype))
        return [*start, *self._stages_up(image_shape, channels, dtype)]

    def _hidden(self, dtype: Any) -> list[layers.Layer]:
        """The dense layers between the smallest map and the latents, on either side."""
        return []

    @abstractmethod
    def _stages_up(self, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        """From the smallest map ``(batch, height, width, filters[-1])`` to ``(batch, H, W, channels)``."""

    def _sizes(self, image_shape: ImageShape) -> list[Size]:
        """Height and width before each halving, then after the last; 'same' padding rounds up."""
        sizes = [image_shape[:2]]
        for _ in self.filters:
            height, width = sizes[-1]
            sizes.append((math.ceil(height / 2), math.ceil(width / 2)))
        return sizes

    def _code_shape(self, latent_dim: int, image_shape: ImageShape) -> tuple[int, int, int]:
        """Height and width of the smallest map, and the latents of each of its pixels."""
        height, width = self._sizes(image_shape)[-1]
        each, rest = divmod(latent_dim, height * width)
        if rest:
            nearest = " or ".join(str(n * height * width) for n in (each, each + 1) if n)
            raise UserError(
                f"latents='map' needs a latent_dim that is a multiple of {height} x {width} = {height * width}, the "
                f"pixels of the smallest feature map. Received {latent_dim}: take {nearest}."
            )
        return height, width, each


def cropped(doubled: Size, size: Size, dtype: Any) -> list[layers.Layer]:
    """Cut a doubled map to the size that was rounded up on the way down; nothing where the side was even."""
    surplus = (doubled[0] - size[0], doubled[1] - size[1])
    if not any(surplus):
        return []
    return [layers.Cropping2D(((0, surplus[0]), (0, surplus[1])), data_format="channels_last", dtype=dtype)]
