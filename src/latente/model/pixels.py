"""Images as numbers: any array-like as a NumPy array, its shape, and the range of what passed through the model."""

from __future__ import annotations

from math import prod
from typing import Any

import keras
import numpy as np
from keras import ops

from latente.errors import UserError

Tensor = Any
Shape = tuple[int, int, int]


def as_array(x: Any) -> np.ndarray:
    """A tensor of any framework, a list of images or another array-like as a NumPy array of numbers.

    Raises:
        UserError: It holds no numbers, or parts of different shapes.
    """
    if hasattr(x, "detach"):  # PyTorch's, on whichever backend: it may require a gradient, or lie on a GPU
        x = x.detach().cpu()
    if isinstance(x, list | tuple):
        x = [as_array(part) for part in x]
        if len(shapes := {part.shape for part in x}) > 1:
            raise UserError(
                f"Expected one array, or a list of arrays of one shape. Received the shapes "
                f"{', '.join(map(str, sorted(shapes)[:3]))}."
            )
    found = ops.convert_to_numpy(x) if ops.is_tensor(x) else np.asarray(x)
    if found.dtype.kind not in "biuf" and found.dtype.name != "bfloat16":
        raise UserError(f"Expected an array of numbers. Received {type(x).__name__} of {found.dtype}.")
    return found


def check_shape(shape: Any, image_shape: Shape) -> None:
    """Refuse images that have not the shape ``(n, *image_shape)``.

    Raises:
        UserError: It is another; where it is a usual mistake, with what to do.
    """
    shape = tuple(shape)
    if shape[1:] == image_shape:
        return
    expected = ", ".join(map(str, ("n", *image_shape)))
    hint = _hint(shape, image_shape)
    raise UserError(f"Images must have the shape ({expected}). Received {shape}{hint and f': {hint}'}.")


def _hint(shape: tuple[int | None, ...], image_shape: Shape) -> str:
    height, width, channels = image_shape
    if None in shape[1:]:
        return f"state the sizes, as in tf.ensure_shape(x, (None, {height}, {width}, {channels}))"
    if shape == image_shape:
        return "one image is a batch of one, x[None], and a tf.data.Dataset of single images takes .batch(128)"
    if shape[1:] == (height, width) and channels == 1:
        return "add the axis of the channels, x[..., None]"
    if shape[1:] == (channels, height, width):
        return "channels come last, np.moveaxis(x, 1, -1)"
    if len(shape) == 2 and shape[1] == prod(image_shape):
        return f"give each row its shape, x.reshape(-1, {height}, {width}, {channels})"
    return ""


@keras.saving.register_keras_serializable(package="latente")
class PixelRange(keras.metrics.Metric):
    """How far pixels went outside [0, 1] since the reset. It is logged nowhere, and no file holds it.

    Of several replicas it gives the mean of their ranges, which lies outside when one of them does.
    """

    def __init__(self, name: str = "pixel_range", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        common: dict[str, Any] = {"shape": (), "aggregation": "mean"}
        self.low = self.add_variable(initializer="zeros", name="low", **common)
        self.high = self.add_variable(initializer="ones", name="high", **common)

    def update_state(self, images: Tensor) -> None:
        """Add a batch; uint8 cannot be outside."""
        if keras.backend.standardize_dtype(images.dtype) == "uint8":
            return
        images = ops.cast(images, "float32")
        self.low.assign(ops.minimum(self.low, ops.min(images)))
        self.high.assign(ops.maximum(self.high, ops.max(images)))

    def reset_state(self) -> None:
        """Begin anew."""
        self.low.assign(0.0)
        self.high.assign(1.0)

    def result(self) -> dict[str, Tensor]:
        """Nothing, which Keras adds to its logs."""
        return {}

    def outside(self) -> np.ndarray | None:
        """The lowest and the highest pixel, ``(2,)``, where one lies outside [0, 1] or is not a number."""
        low, high = (float(ops.convert_to_numpy(end)) for end in (self.low, self.high))
        return None if low >= 0 and high <= 1 else np.array([low, high], "float32")

    def save_own_variables(self, store: Any) -> None:
        """Save nothing."""

    def load_own_variables(self, store: Any) -> None:
        """Load nothing: files of before it was there hold nothing either."""
