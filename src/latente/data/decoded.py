"""Decoded images in the cache: found by what they were decoded from, and noticed when they are damaged."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import zipfile
import zlib
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from latente.data.cache import cache_directory, landing
from latente.data.dataset import FINGERPRINT_SAMPLE, LARGE, Rows, evenly, nbytes
from latente.data.decoding import LEAST, MOST, Files, Wish, write
from latente.data.levels import check_range
from latente.data.splitting import image_keys
from latente.errors import UserError

# Part of the cache's key: raise it when the same files would give other pixels.
VERSION = 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Decoded:
    """The images of some files.

    Attributes:
        images: (n, H, W, C) uint8 in a memory map.
        kept: (n,) the number of the file that each is from.
        files: (n,) str, its name; with ``#3`` for the third frame of a file that gives several.
        keys: (n,) a hash of each.
        notes: What to know about how they were read, in sentences.
    """

    images: np.ndarray
    kept: np.ndarray
    files: np.ndarray
    keys: np.ndarray
    notes: tuple[str, ...]


def decode(name: str, files: Files, wish: Wish) -> Decoded:
    """Decodes image files into an array on disk, or finds them there; it is memory-mapped.

    Args:
        name: Begins the name of the cached file.
        files: The files; their place and ``stamp`` and the wish are the key in the cache.
        wish: What images are wanted.

    Raises:
        UserError: No file is readable; a file is not, and ``skip_bad`` is false; the cache cannot be written.
    """
    if len(wish.size) > 2 or not all(LEAST <= side <= MOST for side in wish.size):
        told = " x ".join(map(str, wish.size))
        raise UserError(f"The option size must be {LEAST} to {MOST} pixels. Received {told}.")
    check_range(wish.range)
    place = files.place.resolve() if files.place.exists() else files.place
    asked = json.dumps([VERSION, str(place), files.stamp, astuple(wish)])
    key = hashlib.blake2b(asked.encode(), digest_size=8).hexdigest()
    target = cache_directory() / f"{name}-{key}.npy"
    found = _cached(target)
    if found is None:
        with landing(target.parent, "Choose another folder with LATENTE_CACHE_DIR.") as temporary:
            write(files, wish, temporary)
            os.replace(temporary / "beside.npz", target.with_suffix(".npz"))
            os.replace(temporary / "images.npy", target)
        found = _cached(target)
    if found is None:
        raise UserError(f"{target} must read as it was written. Received other images. Check the disk that it is on.")
    return found


def _cached(target: Path) -> Decoded | None:
    """The decoded images, or None where they are not there or damaged.

    Each is compared with its hash; of more than 256 MiB, 1024 evenly spaced ones, the first and the last among them.
    """
    beside = target.with_suffix(".npz")
    if not (target.exists() and beside.exists()):
        return None
    try:
        images = np.load(target, mmap_mode="r")
        # NumPy leaves a damaged file open; this one is closed whatever happens.
        with beside.open("rb") as stream, np.load(stream) as known:
            kept, files, keys, notes = (known[part] for part in ("kept", "files", "keys", "notes"))
        rows = np.arange(len(keys)) if nbytes(images) <= LARGE else evenly(len(keys), FINGERPRINT_SAMPLE)
        if len(images) == len(keys) and np.array_equal(image_keys(Rows(images, rows)), keys[rows]):
            return Decoded(images, kept, files, keys, tuple(notes.tolist()))
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
        pass
    _log.warning("The decoded images in %s are damaged, and are decoded anew.", target)
    return None
