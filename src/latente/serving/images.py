"""Images in requests and answers: files in base64, arrays, or the number of a test image."""

from __future__ import annotations

import base64
import binascii
import io
import threading
from collections.abc import Sequence

import numpy as np
from PIL import Image, UnidentifiedImageError

from latente.data import picture_to_image
from latente.errors import UserError
from latente.pixels import png, unit_scale
from latente.serving.limits import MOST_PIXELS
from latente.serving.refusals import NotReady, Refused, TooLarge, Unknown
from latente.serving.registry import ServedRun
from latente.serving.schemas import Image as RequestImage
from latente.serving.schemas import OfTest

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_decoding = threading.BoundedSemaphore(2)
"""A file of a few kilobytes may decode to many megabytes: only two at a time."""


def png_of(image: np.ndarray) -> bytes:
    """An image ``(H, W, C)``, uint8 or floats in [0, 1], as a PNG file.

    Raises:
        Refused: C is neither 1 nor 3.
    """
    if image.shape[-1] not in (1, 3):
        raise Refused(f'A PNG has 1 or 3 channels. The images have {image.shape[-1]}: ask for the format "array".')
    return png(image, compress_level=1)


def outgoing(images: np.ndarray, format: str) -> list:
    """Images ``(n, H, W, C)`` as base64 PNG files, or as nested lists."""
    if format == "array":
        return np.asarray(images, "float32").tolist()
    return [base64.b64encode(png_of(image)).decode() for image in images]


def read_images(served: ServedRun, asked: Sequence[RequestImage]) -> np.ndarray:
    """Images as the model takes them, float32 in [0, 1], ``(n, H, W, C)``.

    Raises:
        Refused: An array has another shape, a file cannot be read, or there is no such test image.
    """
    shape = served.image_shape
    files = iter(read_files([image for image in asked if isinstance(image, str)], shape, served.pixel_range))
    return np.stack([next(files) if isinstance(image, str) else _array(served, image) for image in asked])


def _array(served: ServedRun, image: list | OfTest) -> np.ndarray:
    if isinstance(image, OfTest):
        return unit_scale(image_of_test(served, image.test))
    height, width, channels = shape = served.image_shape
    rows = {len(image), *(len(row) for row in image), *(len(pixel) for row in image for pixel in row)}
    ragged = len(image) != height or any(len(row) != width or any(len(p) != channels for p in row) for row in image)
    if ragged:
        raise Refused(f"An array must have the shape {shape}. Received {len(image)} rows, with lengths {sorted(rows)}.")
    return np.array(image, "float32")


def image_of_test(served: ServedRun, index: int) -> np.ndarray:
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


def read_files(files: Sequence[str], shape: tuple[int, int, int], range_: tuple[float, ...] = ()) -> list[np.ndarray]:
    """Image files in base64 as the model takes images: float32 in [0, 1], ``(H, W, C)``, cropped and resized.

    Of an animation the first frame is taken. ``range_`` are the pixel values that become black and white.

    Raises:
        Refused: One of them is no base64, or no image.
        TooLarge: They have too many pixels.
    """
    left, images = MOST_PIXELS, []
    for file in files:
        with _decoding:
            image, pixels = _read(_decoded(file), shape, left, range_)
        left -= pixels
        images.append(unit_scale(image))
    return images


def _decoded(file: str) -> bytes:
    text = file.partition("base64,")[2] if file.startswith("data:") else file
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused(
            f"An image must be a file ({', '.join(FORMATS)}) in base64, an array (height, width, channels), or "
            f'{{"test": number}}. Received a text that is no base64.'
        ) from None


def _read(
    content: bytes, shape: tuple[int, int, int], most_pixels: int, range_: tuple[float, ...]
) -> tuple[np.ndarray, int]:
    """The image, uint8, and how many pixels the file had; the size is read off its header before anything is decoded.

    Raises:
        Refused: It cannot be read.
        TooLarge: It has more pixels than are left.
    """
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
            pixels = picture.width * picture.height
            if pixels <= most_pixels:
                return picture_to_image(picture, shape, range_), pixels
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass
    except UserError:
        raise
    except UnidentifiedImageError:
        raise Refused(f"An image file must be one of {', '.join(FORMATS)}. Received none of these.") from None
    except Exception as error:  # Pillow's readers raise nearly anything on a damaged file
        raise Refused(
            f"An image file must be whole. Received a damaged one: {error} ({type(error).__name__})."
        ) from error
    raise TooLarge(
        f"The image files of one request may have {MOST_PIXELS:,} pixels together. Received more: send smaller ones."
    )
