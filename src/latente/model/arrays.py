"""Arrays on their way into a model and out of it: any array-like as NumPy's, its shape, a bounded part at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
from keras import ops

from latente.errors import UserError

Array = np.ndarray
ImageShape = tuple[int, int, int]

BATCH = 500
"""Images or codes that a network is given in one call."""


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


def check_shape(shape: Any, image_shape: ImageShape) -> None:
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


def _hint(shape: tuple[int | None, ...], image_shape: ImageShape) -> str:
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


def batches(*arrays: Any, size: int = BATCH) -> Iterator[list[Any]]:
    """As many rows of each array at a time, as NumPy arrays; None is handed on as it is."""
    for start in range(0, len(arrays[0]), size):
        rows = slice(start, start + size)
        yield [None if array is None else np.asarray(array[rows]) for array in arrays]


def in_batches(function: Callable[..., Any], *arrays: Any, size: int = BATCH) -> Any:
    """Apply a function to arrays, a bounded number of rows at a time, the ragged rest included.

    Not Keras's ``predict``, which traces anew for each model and size; called as here, it also keeps no graph.

    Args:
        function: Takes as many rows of each array, as NumPy arrays; gives a tensor or an array with as many rows, or a
            tuple or a dictionary of such.
        *arrays: Of one length, perhaps memory-mapped; None is handed on as it is. The first one is an array.
        size: Rows at a time.

    Returns:
        What the function gives, of all rows, as NumPy arrays.

    Raises:
        UserError: There are no rows.
    """
    if len(arrays[0]) == 0:
        raise UserError("Expected at least 1 image or code. Received none.")
    parts = [function(*rows) for rows in batches(*arrays, size=size)]
    if isinstance(parts[0], dict):
        return {name: _whole([part[name] for part in parts]) for name in parts[0]}
    return tuple(map(_whole, zip(*parts, strict=True))) if isinstance(parts[0], tuple) else _whole(parts)


def _whole(parts: Any) -> np.ndarray:
    return np.concatenate([ops.convert_to_numpy(part) for part in parts])
