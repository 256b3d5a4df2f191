"""From a request's images to arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from latente.pixels import unit_scale
from latente.serving.pictures import read_files
from latente.serving.refusals import NotReady, Refused, Unknown
from latente.serving.registry import Served
from latente.serving.schemas import Image, OfTest


def images_of(served: Served, asked: Sequence[Image]) -> np.ndarray:
    """Images as the model takes them, float32 in [0, 1], ``(n, H, W, C)``.

    Raises:
        Refused: An array has another shape, a file cannot be read, or there is no such test image.
    """
    shape = served.image_shape
    files = iter(read_files([image for image in asked if isinstance(image, str)], shape, served.pixel_range))
    return np.stack([next(files) if isinstance(image, str) else _known(served, image) for image in asked])


def _known(served: Served, image: list | OfTest) -> np.ndarray:
    if isinstance(image, OfTest):
        return unit_scale(served_image(served, image.test))
    height, width, channels = shape = served.image_shape
    rows = {len(image), *(len(row) for row in image), *(len(pixel) for row in image for pixel in row)}
    ragged = len(image) != height or any(len(row) != width or any(len(p) != channels for p in row) for row in image)
    if ragged:
        raise Refused(f"An array must have the shape {shape}. Received {len(image)} rows, with lengths {sorted(rows)}.")
    return np.array(image, "float32")


def served_image(served: Served, index: int) -> np.ndarray:
    """A test image, uint8.

    Raises:
        NotReady: The data are not at hand.
        Unknown: There is no such image.
    """
    if served.dataset is None:
        raise NotReady(f"The data of {served.name} are not at hand: start latente serve with --data-dir.")
    images = served.dataset.test.images
    if index >= len(images):
        raise Unknown(f"The test images are 0 to {len(images) - 1}. Received {index}.")
    return np.asarray(images[index])
