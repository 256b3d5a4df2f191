"""From image files to one array of images."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np

from latente.data.frames import Contents, Frames, contents
from latente.data.images import Look, bombs_refused, look_at
from latente.data.levels import Levels, Range
from latente.data.splitting import image_keys
from latente.errors import UserError

SIZE, LARGEST_OWN = 64, 128
"""Height and width of images that have no one size of their own, and up to where they keep it."""
LEAST, MOST = 4, 1024
"""Pixels a side that the networks take."""
# Memory holds this many times so many images while they are decoded.
AHEAD, FRAMES_AT_ONCE = 64, 16
TOLD = 5

Read = tuple[np.ndarray, Levels]
"""An image, and the pixel values that its picture had."""
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Files:
    """Image files and how to read them.

    Attributes:
        place: Where they are.
        names: One name per file.
        open: Gives the stream of a name.
        stamp: What changes when a file does, such as its times and parts of its content; JSON-able.
    """

    place: Path
    names: Sequence[str]
    open: Callable[[str], IO[bytes]]
    stamp: Any


@dataclass(frozen=True)
class Wish:
    """What images are wanted of files.

    Attributes:
        size: Height and width, or one number for both; without, 64 x 64 unless all have one size of 4 to 128 a side.
        channels: 1, 3, or 0 for 1 if all pictures are grey and 3 otherwise.
        crop: Share of the largest central box to keep.
        range: The pixel values that become black and white, (low, high); without, the ends of each file's scale.
        frames: Whether the first or all frames of an animation are images.
        skip_bad: Leave out what cannot be read, and say how much; otherwise the first such file is an error.
    """

    size: tuple[int, ...] = ()
    channels: int = 0
    crop: float = 1.0
    range: Range = ()
    frames: Frames = "first"
    skip_bad: bool = False


def write(files: Files, wish: Wish, folder: Path) -> None:
    """Decodes files into ``images.npy`` and what belongs to it into ``beside.npz``.

    The images are (n, H, W, C) uint8. Beside them are, for each, the number of its file (``kept``), its name
    (``files``, with ``#3`` for the third frame of a file that gives several) and its hash (``keys``); and sentences on
    what one should know about how they were read (``notes``).

    Raises:
        UserError: No file is readable, or one is not and ``skip_bad`` is false.
    """
    looked = _each(f"Looking at {files.place}:", files.names, lambda name: _contents(files, name, wish))
    surveyed = dict(zip(files.names, looked, strict=True))
    held = {name: those for name, those in surveyed.items() if isinstance(those, Contents)}
    look = _look(wish, held)
    most = max(sum(len(those.frames) for those in held.values()), 1)
    shape = (most, look.height, look.width, 1 if look.channels == 1 else 3)
    raw = np.lib.format.open_memmap(folder / "raw.npy", "w+", np.uint8, shape)
    kept: list[tuple[str, str]] = []
    levels: list[Levels] = []
    bad: dict[str, UserError] = {}
    colour = look.channels == 3
    for file, name, found in _images(files, surveyed, look):
        if not isinstance(found, UserError):
            raw[len(kept)], level = found
            colour = colour or bool((found[0] != found[0][..., :1]).any())
            kept.append((file, name))
            levels.append(level)
        elif wish.skip_bad:
            bad[name] = found
        else:
            raise found
    if not kept:
        told = f"Received {len(files.names)} files, none readable. {next(iter(bad.values()))}"
        raise UserError(f"{files.place} must hold readable images. {told}")
    # How many are readable, and whether any is coloured, is known only now.
    np.save(folder / "images.npy", raw[: len(kept), ..., : 3 if colour else 1])
    number = {name: i for i, name in enumerate(files.names)}
    notes = [*_notes(files.place, held, look, bad, len(kept) + len(bad)), *Levels.union(levels).notes(wish.range)]
    np.savez_compressed(
        folder / "beside.npz",
        kept=np.array([number[file] for file, _ in kept]),
        files=np.array([name for _, name in kept]),
        keys=image_keys(np.load(folder / "images.npy", mmap_mode="r")),
        notes=np.array(notes, np.str_),
    )


def _each(what: str, items: Sequence[Item], function: Callable[[Item], Result]) -> Iterator[Result]:
    """The results for all items in order, a few of them computed ahead."""
    total = len(items)
    with ThreadPoolExecutor() as pool, bombs_refused():
        waiting = deque(pool.submit(function, item) for item in items[:AHEAD])
        for done in range(1, total + 1):
            result = waiting.popleft().result()
            if done + len(waiting) < total:
                waiting.append(pool.submit(function, items[done + len(waiting)]))
            yield result
            if sys.stderr.isatty() and (done % 256 == 0 or done == total):
                print(f"\r{what} {done:,} of {total:,}", end="\n" if done == total else "", file=sys.stderr)


def _contents(files: Files, name: str, wish: Wish) -> Contents | UserError:
    from PIL import Image

    try:
        with files.open(name) as stream, Image.open(stream) as picture:
            return contents(picture, wish.frames)
    except Exception as error:  # as in _frames
        return _unreadable(files, name, error)


def _images(
    files: Files, surveyed: Mapping[str, Contents | UserError], look: Look
) -> Iterator[tuple[str, str, Read | UserError]]:
    """Of each image in order its file, its name, and the image or the error that says why it cannot be read."""
    jobs: list[tuple[str, tuple[int, ...]]] = []
    for file, those in surveyed.items():
        frames = those.frames if isinstance(those, Contents) else (0,)
        jobs += [(file, frames[start : start + FRAMES_AT_ONCE]) for start in range(0, len(frames), FRAMES_AT_ONCE)]

    def decoded(job: tuple[str, tuple[int, ...]]) -> list[Read | UserError]:
        those = surveyed[job[0]]
        return [those] if isinstance(those, UserError) else _frames(files, *job, look)

    for (file, frames), images in zip(jobs, _each("Decoding", jobs, decoded), strict=True):
        those = surveyed[file]
        several = isinstance(those, Contents) and len(those.frames) > 1
        for frame, image in zip(frames, images, strict=True):
            yield file, f"{file}#{frame + 1}" if several else file, image


def _frames(files: Files, name: str, frames: Sequence[int], look: Look) -> list[Read | UserError]:
    """Some frames of a file; from the first that cannot be read on, errors."""
    from PIL import Image

    found: list[Read | UserError] = []
    try:
        with files.open(name) as stream, Image.open(stream) as picture:
            for frame in frames:
                if frame:
                    picture.seek(frame)
                found.append(look_at(picture, look))
    # Pillow's readers raise nearly anything on a damaged file; whatever it was, the file cannot be used.
    except Exception as error:
        found += [_unreadable(files, name, error)] * (len(frames) - len(found))
    return found


def _unreadable(files: Files, name: str, error: Exception) -> UserError:
    if isinstance(error, UserError):
        return UserError(f"{files.place / name}: {error}")
    return UserError(
        f"Every image file in {files.place} must be readable. Received {name}: {error} ({type(error).__name__}). "
        f"Repair or remove it, or leave such files out with skip_bad (--data.skip-bad)."
    )


def _look(wish: Wish, held: Mapping[str, Contents]) -> Look:
    """The size that was wished for; or the one that all pictures have, if the networks can well take it; or 64 x 64."""
    sizes = set().union(*(those.sizes for those in held.values()))
    own = next(iter(sizes)) if len(sizes) == 1 else ()
    size = wish.size or (own if own and min(own) >= LEAST and max(own) <= LARGEST_OWN else (SIZE,))
    return Look(size[0], size[-1], wish.channels, wish.crop, wish.range)


def _notes(
    place: Path, held: Mapping[str, Contents], look: Look, bad: Mapping[str, UserError], total: int
) -> Iterator[str]:
    """What was left out, could not be read, and was enlarged."""
    others = {name: those.left_out for name, those in held.items() if those.left_out}
    if others:
        yield (
            f"Left out {sum(others.values()):,} frames of {len(others):,} files in {place} that hold several "
            f"({_told([f'{name} {count:,}' for name, count in others.items()])}). The option frames can take all of an "
            f"animation."
        )
    if bad:
        yield f"Skipped {len(bad):,} of {total:,} images in {place} that cannot be read: {_told(sorted(bad))}"
    small = {
        name: min(those.sizes)
        for name, those in held.items()
        if any(min(height / look.height, width / look.width) * look.crop < 1 for height, width in those.sizes)
    }
    if small:
        height, width = min(small.values())
        yield (
            f"{len(small):,} of {len(held):,} image files in {place} have fewer pixels than the {look.height} x "
            f"{look.width} of the images, down to {height} x {width}, and are enlarged."
        )


def _told(names: Sequence[str]) -> str:
    return ", ".join(names[:TOLD]) + (", ..." if len(names) > TOLD else "")
