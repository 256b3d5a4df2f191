"""Image files decoded once into an array on disk that is memory-mapped afterwards."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from latente.data.cache import cache_directory, landing
from latente.data.splitting import image_keys
from latente.errors import UserError

if TYPE_CHECKING:
    from PIL.Image import Image

# Part of the cache's key: raise it when the same files would give other pixels.
VERSION = 1
AT_ONCE = 256
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Files:
    """Image files and how to read them.

    Attributes:
        place: Where they are, for messages.
        names: One name per file.
        open: Gives the stream of a name.
        stamp: What changes when a file does, such as sizes and times; JSON-able.
    """

    place: Path
    names: Sequence[str]
    open: Callable[[str], IO[bytes]]
    stamp: Any


@dataclass(frozen=True)
class Look:
    """How a picture becomes an image: the largest central box of its form, times ``crop``, resized.

    ``channels`` is 1, 3, or 0 for 1 if all pictures are grey and 3 otherwise.
    """

    height: int
    width: int
    channels: int = 3
    crop: float = 1.0


@dataclass(frozen=True, eq=False)
class Decoded:
    """Images (n, size, size, C) uint8 in a memory map, which of the files they are, and a hash of each image."""

    images: np.ndarray
    kept: np.ndarray
    keys: np.ndarray


def decode(name: str, files: Files, look: Look, *, skip_bad: bool = False) -> Decoded:
    """Decodes image files, or finds them decoded in the cache.

    Args:
        name: Begins the name of the cached file.
        files: The files; their ``stamp`` and the look are the key in the cache.
        look: Crop, size and channels.
        skip_bad: Leave out files that cannot be read, and log how many; otherwise the first one is an error.

    Raises:
        UserError: No file is readable; a file is not, and ``skip_bad`` is false; the cache cannot be written.
    """
    if not 4 <= look.height <= 1024:
        raise UserError(f"The option size must be 4 to 1024 pixels. Received {look.height}.")
    asked = [VERSION, files.stamp, *astuple(look), skip_bad]
    key = hashlib.blake2b(json.dumps(asked).encode(), digest_size=8).hexdigest()
    target = cache_directory() / f"{name}-{key}.npy"
    beside = target.with_suffix(".npz")
    if not (target.exists() and beside.exists()):
        with landing(target.parent, "Choose another folder with LATENTE_CACHE_DIR.") as temporary:
            _write(files, look, skip_bad, temporary)
            os.replace(temporary / "beside.npz", beside)
            os.replace(temporary / "images.npy", target)
    with np.load(beside) as known:
        decoded = Decoded(np.load(target, mmap_mode="r"), known["kept"], known["keys"])
    bad = sorted(set(range(len(files.names))) - set(decoded.kept.tolist()))
    if bad:
        named = ", ".join(files.names[i] for i in bad[:5]) + (", ..." if len(bad) > 5 else "")
        _log.warning(
            "Skipped %d of %d image files in %s that cannot be read: %s",
            len(bad), len(files.names), files.place, named,
        )  # fmt: skip
    return decoded


def read_image(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Reads one image file: upright, transparency on white, cropped to the middle and resized.

    Args:
        path: Any file that Pillow reads.
        shape: The wanted (H, W, C), C = 1 or 3.

    Returns:
        uint8 (H, W, C).

    Raises:
        UserError: The file cannot be read, or C is neither 1 nor 3.
    """
    from PIL import Image

    try:
        with _bombs_refused(), Image.open(path) as image:
            return picture_to_image(image, shape)
    except UserError:
        raise
    except Exception as error:  # as in _pictures
        raise UserError(f"{path} must be a readable image file. Received: {error} ({type(error).__name__}).") from error


def picture_to_image(picture: Image, shape: tuple[int, ...]) -> np.ndarray:
    """A picture that Pillow opened as uint8 (H, W, C): upright, on white, cropped to the middle and resized.

    Raises:
        UserError: C is neither 1 nor 3.
    """
    height, width, channels = shape
    if channels not in (1, 3):
        raise UserError(f"An image file gives 1 or 3 channels. Received a wish for {channels}. Give an array instead.")
    return _look_at(picture, Look(height, width, channels))


@contextmanager
def _bombs_refused() -> Iterator[None]:
    """Turns Pillow's mere warning of a picture of over 89 megapixels, perhaps an attack, into an error."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def _write(files: Files, look: Look, skip_bad: bool, folder: Path) -> None:
    """Writes ``images.npy`` and ``beside.npz`` (kept, keys)."""
    shape = (len(files.names), look.height, look.width, 1 if look.channels == 1 else 3)
    raw = np.lib.format.open_memmap(folder / "raw.npy", "w+", np.uint8, shape)
    kept: list[int] = []
    colour = look.channels == 3
    for i, picture in enumerate(_pictures(files, look)):
        if isinstance(picture, np.ndarray):
            raw[len(kept)] = picture
            kept.append(i)
            colour = colour or bool((picture != picture[..., :1]).any())
        elif not skip_bad:
            raise picture
    if not kept:
        raise UserError(f"{files.place} must hold readable images. Received {len(files.names)} files, none readable.")
    # How many are readable, and whether any is coloured, is known only now.
    np.save(folder / "images.npy", raw[: len(kept), ..., : 3 if colour else 1])
    images = np.load(folder / "images.npy", mmap_mode="r")
    np.savez(folder / "beside.npz", kept=np.array(kept), keys=image_keys(images))


def _pictures(files: Files, look: Look) -> Iterator[np.ndarray | UserError]:
    """Each file in order as an image, or as the error that says why not."""
    from PIL import Image

    def attempt(name: str) -> np.ndarray | UserError:
        try:
            with files.open(name) as stream, Image.open(stream) as image:
                return _look_at(image, look)
        # Pillow's readers raise nearly anything on a damaged file; whatever it was, the file cannot be used.
        except Exception as error:
            return UserError(
                f"Every image file in {files.place} must be readable. Received {name}: {error} "
                f"({type(error).__name__}). Repair or remove it, or leave such files out with skip_bad "
                f"(--data.skip-bad)."
            )

    total = len(files.names)
    with ThreadPoolExecutor() as pool, _bombs_refused():
        for start in range(0, total, AT_ONCE):
            yield from pool.map(attempt, files.names[start : start + AT_ONCE])
            if sys.stderr.isatty():
                done = min(start + AT_ONCE, total)
                print(f"\rDecoding {done:,} of {total:,} images", end="\n" if done == total else "", file=sys.stderr)


def _look_at(image: Image, look: Look) -> np.ndarray:
    """An opened picture as (height, width, 1 or 3) uint8: upright, on white, cropped, resized."""
    from PIL import Image, ImageOps

    # JPEG can decode at a fraction of its size; three times the target loses nothing in the resizing.
    image.draft(None, (3 * look.width, 3 * look.height))
    image = ImageOps.exif_transpose(image)
    if image.mode == "F":
        raise ValueError("the grey levels are floating-point numbers of unknown range")
    if image.mode.startswith("I"):  # 16 bits, which Pillow's own conversion would clip
        image = Image.fromarray((np.asarray(image, np.float64) / 257).clip(0, 255).round().astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    image = image.convert("L" if look.channels == 1 else "RGB")
    scale = min(image.width / look.width, image.height / look.height) * look.crop
    width, height = min(scale * look.width, image.width), min(scale * look.height, image.height)
    left, top = (image.width - width) / 2, (image.height - height) / 2
    box = (left, top, left + width, top + height)
    image = image.resize((look.width, look.height), Image.Resampling.LANCZOS, box)
    return np.asarray(image).reshape(look.height, look.width, -1)
