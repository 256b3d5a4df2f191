"""The user's own pictures."""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from latente.data.dataset import Dataset, evenly
from latente.data.decoded import decode
from latente.data.decoding import Files, Wish
from latente.data.frames import Frames
from latente.data.kinds import saved_by_datasets
from latente.data.levels import Range
from latente.data.sources import source
from latente.data.splitting import SPLIT_WORDS, Pool, divide
from latente.errors import UserError

# Of so many files, evenly spaced, so many bytes at either end are part of what tells a folder from another.
SAMPLE, END = 64, 4096
_log = logging.getLogger(__name__)


@source("folder:PATH", size="any images, resized", reads=lambda path: path.is_dir() and not saved_by_datasets(path))
def folder(
    path: Path,
    *,
    size: tuple[int, ...] = (),
    channels: Literal[0, 1, 3] = 0,
    range: Range = (),
    frames: Frames = "first",
    skip_bad: bool = False,
    validation: float = 0.1,
    test: float = 0.1,
) -> Dataset:
    """A folder of image files.

    All images below the folder, every page of a TIFF among them, upright as their EXIF says, transparency on white,
    cropped to the middle. If each lies in one of several sub-folders, the first level names its class. Folders
    ``train``, ``test`` and ``val`` (or ``valid``, ``validation``) on the first level are splits, not classes.

    Args:
        path: The folder.
        size: Height and width of the images in pixels, or one number for both; by default their own if all have one
            size of 4 to 128 a side, else 64.
        channels: 1 for grey, 3 for colour, 0 for grey if all images are grey.
        range: LOW,HIGH are the pixel values in the files that become black and white; by default 0 and the highest that
            their 8 or 16 bits can hold.
        frames: The images of an animated GIF, WebP or PNG: its first frame, or all.
        skip_bad: Leave out files that cannot be read, and say how many, instead of stopping at the first.
        validation: Share of the train images to keep for validation where the folder has no such split.
        test: Share of the train images to keep for the test where the folder has no such split.
    """
    files = image_files(path)
    wish = Wish(size, channels, range=range, frames=frames, skip_bad=skip_bad)
    decoded = decode(re.sub(r"[^\w-]", "_", path.resolve().name), files, wish)
    steps = [tuple(name.split("/")) for name in decoded.files]
    parts = _parts(steps)
    if parts is not None:
        steps = [step[1:] for step in steps]
    labels, class_names = _classes(steps)
    pool = Pool(images=decoded.images, labels=labels, parts=parts, keys=decoded.keys, files=decoded.files)
    dataset = divide(f"folder:{path}", pool, validation=validation, test=test)
    return replace(dataset, class_names=class_names, notes=decoded.notes)


def image_files(path: Path, suffixes: frozenset[str] | None = None) -> Files:
    """All image files below a folder, hidden ones left out, in the order of their names.

    Args:
        path: The folder.
        suffixes: The endings of image files; default all that Pillow can read.

    Raises:
        UserError: Not a folder, or no image files in it.
    """
    if suffixes is None:
        from PIL import Image

        suffixes = frozenset(end for end, form in Image.registered_extensions().items() if form in Image.OPEN)
    if not path.is_dir():
        raise UserError(f"folder:PATH needs a folder of image files. Received {path}, which is not one.")
    files = [file.relative_to(path) for file in path.rglob("*") if file.is_file()]
    shown = [file for file in files if not any(step.startswith((".", "__MACOSX")) for step in file.parts)]
    names = sorted(file.as_posix() for file in shown if file.suffix.lower() in suffixes)
    others = Counter(file.suffix.lower() or "without a suffix" for file in shown if file.suffix.lower() not in suffixes)
    told = ", ".join(f"{count:,} {suffix}" for suffix, count in others.most_common(5))
    if not names:
        raise UserError(
            f"{path} must hold image files such as .png or .jpg, in it or in its sub-folders. "
            f"Received {told or 'no files'}. Check the path, or convert them."
        )
    if others:
        _log.warning("Left out what is no image file that Pillow reads in %s: %s", path, told)
    # Whoever sets a file's times back changes the last of them.
    stats = [(path / name).stat() for name in names]
    times = [[name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns] for name, stat in zip(names, stats, strict=True)]
    ends = [_ends(path / names[i]) for i in evenly(len(names), SAMPLE)]
    return Files(path, names, lambda name: (path / name).open("rb"), [times, ends])


def _ends(file: Path) -> str:
    """A hash of the first and last bytes of a file; nothing of one that cannot be read, which is said later."""
    try:
        with file.open("rb") as stream:
            head = stream.read(END)
            stream.seek(max(END, stream.seek(0, os.SEEK_END) - END))
            return hashlib.blake2b(head + stream.read(), digest_size=8).hexdigest()
    except OSError:
        return ""


def _parts(steps: list[tuple[str, ...]]) -> np.ndarray | None:
    """The split of each file, (N,) int8, if the first level consists of a train folder and other splits."""
    tops = {step[0] for step in steps}
    if "train" not in tops or len(tops) < 2 or not tops <= SPLIT_WORDS.keys():
        return None
    return np.array([SPLIT_WORDS[step[0]] for step in steps], np.int8)


def _classes(steps: list[tuple[str, ...]]) -> tuple[np.ndarray | None, tuple[str, ...] | None]:
    """The class of each file, (N,) int32, and their names; None unless each lies in one of several sub-folders."""
    names, labels = np.unique([step[0] if len(step) > 1 else "" for step in steps], return_inverse=True)
    if len(names) < 2 or "" in names:
        return None, None
    return labels.astype(np.int32), tuple(names.tolist())
