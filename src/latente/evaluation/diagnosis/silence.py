"""Units of a Keras decoder that never fire: what they put out is the same whatever the code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from latente.model.arrays import Array

STILL = 1e-6
"""A unit is silent when its outputs span less than this share of the largest output of its layer: rounding alone."""
SILENT_POSITION = 0.9
"""A position of a feature map is silent when more than this share of its units is."""

LIVELY = 0.1
"""Pixels that vary by a tenth of what pixels vary by on average; the margins of images hardly do, and need no units."""


@dataclass(frozen=True)
class Layer:
    """What a layer of the decoder does over many codes.

    Attributes:
        name: Its name in the model.
        silent: Which of its units are silent, ``(units,)`` or ``(height, width, channels)``.
    """

    name: str
    silent: Array

    @property
    def share(self) -> float:
        """The share of its units that are silent."""
        return float(self.silent.mean())

    @property
    def positions(self) -> Array | None:
        """Which positions of its feature map are silent, ``(height, width)``; None where it has no map."""
        return self.silent.mean(axis=-1) > SILENT_POSITION if self.silent.ndim == 3 else None


@dataclass(frozen=True)
class Silence:
    """What of a decoder is silent.

    Attributes:
        layers: Its layers in their order, but the last.
    """

    layers: tuple[Layer, ...]

    @property
    def share(self) -> float:
        """The largest share of silent units in any layer."""
        return max((layer.share for layer in self.layers), default=0.0)

    def places(self, variance: Array) -> Array:
        """Silent positions that lie under lively pixels, of the feature map that has most of them, ``(h, w)``.

        Args:
            variance: Variance of each pixel of the real images, ``(H, W)``.
        """
        maps = [layer.positions for layer in self.layers if layer.positions is not None]
        lively = LIVELY * variance.mean()
        found = [positions & (_shrunk(variance, positions.shape) > lively) for positions in maps]
        return max(found, key=np.sum, default=np.zeros((0, 0), bool))


def watch(decoder: Any, inputs: Iterable[Any]) -> Silence | None:
    """Watch every layer of a decoder but the last, which gives the image and may show a corner that is always black.

    Args:
        decoder: A functional or sequential Keras model of one input, with its maps channels last.
        inputs: What it takes, batch by batch.

    Returns:
        What it saw; None for anything else than such a model.
    """
    if not isinstance(decoder, keras.Model) or len(getattr(decoder, "inputs", None) or ()) != 1:
        return None
    *inner, _ = [layer for layer in decoder.layers if not isinstance(layer, keras.layers.InputLayer)]
    if not inner:
        return Silence(())
    inside = keras.Model(decoder.inputs[0], [layer.output for layer in inner])
    low: list[Array] = []
    high: list[Array] = []
    for batch in inputs:
        outputs = keras.tree.flatten(inside(batch, training=False))  # Keras gives a single one without a list
        found = [ops.convert_to_numpy(ops.cast(each, "float32")) for each in outputs]
        ends = [each.min(axis=0) for each in found], [each.max(axis=0) for each in found]
        low = [np.minimum(*pair) for pair in zip(low or ends[0], ends[0], strict=True)]
        high = [np.maximum(*pair) for pair in zip(high or ends[1], ends[1], strict=True)]
    return Silence(
        tuple(
            Layer(layer.name, top - bottom <= STILL * np.maximum(np.abs(top), np.abs(bottom)).max())
            for layer, bottom, top in zip(inner, low, high, strict=True)
        )
    )


def _shrunk(plane: Array, shape: tuple[int, int]) -> Array:
    """A plane ``(H, W)`` as the means of the pixels that lie under each position of a smaller or equal one."""
    rows, columns = (np.arange(n) * size // n for n, size in zip(plane.shape, shape, strict=True))
    sums, counts = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (rows[:, None], columns), plane)
    np.add.at(counts, (rows[:, None], columns), 1)
    return sums / np.maximum(counts, 1)
