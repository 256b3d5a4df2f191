"""From a picture that Pillow opened to an image: upright, on white, on one scale, cropped and resized."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latente.data.levels import Levels, Range, stretched
from latente.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

DEEP = 65_535
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """How a picture becomes an image: the largest central box of its form, times ``crop``, resized.

    ``channels`` is 1, 3, or 0 for 1 if all pictures are grey and 3 otherwise. ``range`` says which values become black
    and white.
    """

    height: int
    width: int
    channels: int = 3
    crop: float = 1.0
    range: Range = ()


def read_image(path: Path, shape: tuple[int, ...], range: Range = ()) -> np.ndarray:
    """Reads one image file: upright, transparency on white, cropped to the middle and resized.

    Args:
        path: Any file that Pillow reads. Of several frames or pages the first is read; ``NAME#3`` is the third.
        shape: The wanted (H, W, C), C = 1 or 3.
        range: The pixel values that become black and white, (low, high); by default the ends of the file's scale.

    Returns:
        uint8 (H, W, C).

    Raises:
        UserError: The file cannot be read, has no such frame, or C is neither 1 nor 3.
    """
    from PIL import Image

    name, _, number = path.name.rpartition("#")
    file, frame = (path.with_name(name), int(number)) if number.isdecimal() and not path.exists() else (path, 0)
    try:
        with bombs_refused(), Image.open(file) as picture:
            count = getattr(picture, "n_frames", 1)
            if frame:
                picture.seek(frame - 1)
            elif count > 1:
                _log.warning("%s holds %d frames. Its first is taken; %s#2 is the second.", file, count, file)
            return picture_to_image(picture, shape, range)
    except UserError:
        raise
    except Exception as error:  # Pillow's readers raise nearly anything on a damaged file
        raise UserError(f"{path} must be a readable image file. Received: {error} ({type(error).__name__}).") from error


def picture_to_image(picture: Image, shape: tuple[int, ...], range: Range = ()) -> np.ndarray:
    """A picture that Pillow opened as uint8 (H, W, C): upright, on white, cropped to the middle and resized.

    Args:
        picture: The picture; of several frames the one that it stands at, at first the first.
        shape: The wanted (H, W, C), C = 1 or 3.
        range: The pixel values that become black and white, (low, high); by default the ends of its scale.

    Raises:
        UserError: C is neither 1 nor 3, or the pixels have no scale of their own and there is no range.
    """
    height, width, channels = shape
    if channels not in (1, 3):
        raise UserError(f"An image file gives 1 or 3 channels. Received a wish for {channels}. Give an array instead.")
    return look_at(picture, Look(height, width, channels, range=range))[0]


@contextmanager
def bombs_refused() -> Iterator[None]:
    """Turns Pillow's mere warning of a picture of over 89 megapixels, perhaps an attack, into an error."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def look_at(picture: Image, look: Look) -> tuple[np.ndarray, Levels]:
    """An opened picture as (height, width, 1 or 3) uint8, and the pixel values that it had.

    Raises:
        UserError: The pixels have no scale of their own, and the look has no range.
    """
    from PIL import Image, ImageOps

    # JPEG can decode at a fraction of its size; three times the target loses nothing in the resizing.
    picture.draft(None, (3 * look.width, 3 * look.height))
    picture = ImageOps.exif_transpose(picture)
    mode = "L" if look.channels == 1 else "RGB"
    if picture.mode == "F" or picture.mode.startswith("I"):  # which Pillow's own conversion would clip
        values = np.asarray(picture)
        levels = _deep_levels(values, picture.mode, look.range)
    else:
        if picture.has_transparency_data:
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture.convert("RGBA"))
        picture = picture.convert(mode)
        values = np.asarray(picture)
        levels = Levels(float(values.min()), float(values.max()), 255)
    if look.range or levels.full != 255:
        picture = Image.fromarray(stretched(values, *(look.range or (0, levels.full)))).convert(mode)
    scale = min(picture.width / look.width, picture.height / look.height) * look.crop
    width, height = min(scale * look.width, picture.width), min(scale * look.height, picture.height)
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    box = (left, top, left + width, top + height)
    picture = picture.resize((look.width, look.height), Image.Resampling.LANCZOS, box)
    return np.asarray(picture).reshape(look.height, look.width, -1), levels


def _deep_levels(values: np.ndarray, mode: str, range_: Range) -> Levels:
    """The levels of grey values of more than 8 bits: 16 have a scale; 32, and floats, need a range."""
    levels = Levels(float(values.min()), float(values.max()), DEEP)
    if not np.isfinite([levels.low, levels.high]).all():
        raise ValueError("some pixels are NaN or infinite")
    if range_:
        return levels
    if mode == "F" or levels.low < 0 or levels.high > DEEP:
        kind = "floating-point numbers" if mode == "F" else "32-bit numbers"
        raise UserError(
            f"The grey levels of a picture must be on a scale of 8 or 16 bits. Received {kind} from {levels.low:g} to "
            f"{levels.high:g}. Say which are black and white with range, for all pictures ({levels.option})."
        )
    return levels
