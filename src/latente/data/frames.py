"""What an image file holds: one picture, the pages of a TIFF, or the frames of an animation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL.Image import Image

Frames = Literal["first", "all"]
ORIENTATION, SUBFILE = 0x0112, 0x00FE
# Bits of a TIFF page's NewSubfileType: a smaller copy of another page, and the mask of one.
NO_PICTURE = 0b101


@dataclass(frozen=True)
class Contents:
    """The frames of a file.

    Attributes:
        frames: The numbers, from 0, of those that become images.
        left_out: How many others there are.
        sizes: The heights and widths, upright, of those that become images.
    """

    frames: tuple[int, ...]
    left_out: int
    sizes: frozenset[tuple[int, int]]


def contents(picture: Image, frames: Frames) -> Contents:
    """What an opened file holds, found without decoding any pixel.

    Every page of a TIFF is an image, but for the smaller copies and masks that some programs add. Of other files with
    several frames (animations, stereo pictures) ``frames`` says whether the first or all are images. The layers of a
    Photoshop file are one picture.
    """
    from PIL.TiffImagePlugin import TiffImageFile

    count = 1 if picture.format == "PSD" else getattr(picture, "n_frames", 1)
    if count == 1 or not isinstance(picture, TiffImageFile):
        first = tuple(range(count if frames == "all" else 1))
        return Contents(first, count - len(first), frozenset({_upright_size(picture)}))
    pages: dict[int, tuple[int, int]] = {}
    copies: dict[int, tuple[int, int]] = {}
    for number in range(count):
        picture.seek(number)
        those = copies if picture.tag_v2.get(SUBFILE, 0) & NO_PICTURE else pages
        those[number] = _upright_size(picture)
    chosen = pages or copies
    return Contents(tuple(chosen), count - len(chosen), frozenset(chosen.values()))


def _upright_size(picture: Image) -> tuple[int, int]:
    # Pillow decodes a whole PNG to look for orientation behind its pixels, where hardly any file has it.
    known = picture.format != "PNG" or "exif" in picture.info
    turned = known and picture.getexif().get(ORIENTATION, 1) >= 5
    return (picture.width, picture.height) if turned else (picture.height, picture.width)
