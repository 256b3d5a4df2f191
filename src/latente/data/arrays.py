"""The user's own arrays: NumPy's .npz and .npy, the original dSprites file among them."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from latente.data.dataset import CHUNK, Dataset
from latente.data.kinds import begins_with, not_read
from latente.data.levels import Levels, Range, check_range, stretched
from latente.data.shapes import FACTOR_NAMES, SHAPES
from latente.data.sources import source
from latente.data.splitting import SPLIT_WORDS, TRAIN, Pool, divide
from latente.errors import UserError

POOL_KEYS = ("images", "imgs", "x", "data", "arr_0")
LABEL_KEYS = ("labels", "y")
MOST_LABEL = 2**31 - 1
NPY_MAGIC, ZIP_MAGIC = b"\x93NUMPY", b"PK\x03\x04"


def _is_npz(path: Path) -> bool:
    if not path.is_file() or not begins_with(path, ZIP_MAGIC):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} must be a whole file. Received a damaged one: {error}.") from error


def _is_npy(path: Path) -> bool:
    return path.is_file() and begins_with(path, NPY_MAGIC)


@source("npz:PATH", size="any (N, H, W[, C])", reads=_is_npz)
def npz(path: Path, *, range: Range = (), validation: float = 0.1, test: float = 0.1) -> Dataset:
    """A NumPy archive.

    Keys ``x_train``, ``x_test`` and ``x_val`` (or ``x_valid``, ``x_validation``) with labels in ``y_train`` and so
    on; or one of ``images``, ``imgs``, ``x``, ``data``, ``arr_0`` with ``labels`` or ``y``; or dSprites' own
    ``imgs`` with ``latents_classes``. Pixels: 0 to 255, or 0 to 1, or bool, or any with ``range``.

    Args:
        path: The file.
        range: LOW,HIGH are the pixel values that become black and white; by default 0 and 255, or 0 and 1.
        validation: Share of the train images to keep for validation where the file has no such split.
        test: Share of the train images to keep for the test where the file has no such split.
    """
    name = f"npz:{path}"
    # NumPy leaves a damaged file open; this one is closed whatever happens.
    with _safely(path, lambda: path.open("rb")) as stream:
        arrays = _safely(path, lambda: np.load(stream, allow_pickle=False))
        if isinstance(arrays, np.ndarray):
            raise UserError(f"npz:PATH needs an .npz archive. Received a single array in {path}. Write npy:{path}.")
        keys, parts, labels = _find(path, arrays)
        images = [_read(path, arrays, key) for key in keys]
        pixels, notes = as_images(images, [f"{key} of {path}" for key in keys], range)
        pool = Pool(
            images=pixels,
            parts=None if parts is None else np.repeat(parts, list(map(len, images))),
            labels=_labels(path, arrays, labels, images),
        )
        classes = _read(path, arrays, "latents_classes") if "latents_classes" in arrays.files else None
    if classes is None:
        return replace(divide(name, pool, validation=validation, test=test), notes=notes)
    if classes.ndim != 2 or len(classes) != len(pool.images):
        raise UserError(
            f"latents_classes of {path} must have one row for each of the {len(pool.images):,} images. "
            f"Received shape {classes.shape}."
        )
    factors = _numbers(classes, f"latents_classes of {path}")
    if classes.shape[1] != 6:
        return replace(divide(name, replace(pool, factors=factors), validation=validation, test=test), notes=notes)
    factors = factors[:, 1:]  # without the first of dSprites' six latents, its only colour
    dataset = divide(name, replace(pool, factors=factors, labels=factors[:, 0]), validation=validation, test=test)
    return replace(dataset, factor_names=FACTOR_NAMES, class_names=SHAPES, notes=notes)


@source("npy:PATH", size="any (N, H, W[, C])", reads=_is_npy)
def npy(path: Path, *, range: Range = (), validation: float = 0.1, test: float = 0.1) -> Dataset:
    """A NumPy array of images.

    (N, H, W) or (N, H, W, C); pixels 0 to 255, or 0 to 1, or bool, or any with ``range``. uint8 images of 0 to 255 stay
    on disk and are memory-mapped.

    Args:
        path: The file.
        range: LOW,HIGH are the pixel values that become black and white; by default 0 and 255, or 0 and 1.
        validation: Share of the images to keep for validation.
        test: Share of the images to keep for the test.
    """
    array = _safely(path, lambda: np.load(path, mmap_mode="r", allow_pickle=False))
    if not isinstance(array, np.ndarray):
        raise UserError(f"npy:PATH needs a single array. Received an .npz archive: {path}. Write npz:{path}.")
    images, notes = as_images([array], [str(path)], range)
    return replace(divide(f"npy:{path}", Pool(images), validation=validation, test=test), notes=notes)


def as_images(
    arrays: Sequence[np.ndarray], names: Sequence[str], range_: Range = ()
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Arrays of images on one scale as one uint8 array.

    Args:
        arrays: Each (N, H, W) or (N, H, W, C) of bool, integers or floats; without a range, all in [0, 1] or all in
            [0, 255].
        names: What to call each in a message.
        range_: The pixel values that become black and white, (low, high).

    Returns:
        (N, H, W, C) uint8 of all of them, a view if it is one uint8 array of 0 to 255 already; and what to know about
        their pixels, in sentences.

    Raises:
        UserError: Not images, NaN, or pixels outside [0, 255] without a range.
    """
    check_range(range_)
    shaped = [_shaped(array, name) for array, name in zip(arrays, names, strict=True)]
    shapes = {array.shape[1:] for array in shaped}
    if len(shapes) > 1:
        raise UserError(f"All images must have one shape. Received {sorted(shapes)} in {', '.join(names)}.")
    ends = [_ends(array, name, range_) for array, name in zip(shaped, names, strict=True)]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    full = 255 if high > 1 else 1
    notes = Levels(low, high, full).notes(range_)
    if len(shaped) == 1 and shaped[0].dtype == np.uint8 and full == 255 and not range_:
        return shaped[0], notes
    images = np.empty((sum(map(len, shaped)), *shapes.pop()), np.uint8)
    start = 0
    for array in shaped:
        for begin in range(0, len(array), CHUNK):
            chunk = array[begin : begin + CHUNK]
            images[start : start + len(chunk)] = stretched(chunk, *(range_ or (0, full)))
            start += len(chunk)
    return images, notes


def _shaped(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "buif":
        raise UserError(f"{name} must hold pixels as bool, integers or floats. Received dtype {array.dtype}.")
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim != 4 or 0 in array.shape or array.shape[-1] not in (1, 3):
        first = array.ndim == 4 and array.shape[1] in (1, 3)
        raise UserError(
            f"{name} must be images of shape (N, H, W) or (N, H, W, C), at least one, with 1 or 3 channels, last. "
            f"Received shape {array.shape}{', with the channels first' if first else ''}. {_reshaped(array, first)}"
        )
    return array


def _reshaped(array: np.ndarray, first: bool) -> str:
    """What brings arrays of another shape to that of images."""
    if first:
        return "Put the channels last with np.moveaxis(x, 1, -1)."
    if array.ndim == 4 and array.shape[-1] == 4:
        return "Leave out the transparency: x[..., :3]."
    return "Reshape flat images: x.reshape(-1, H, W); put the channels last with np.moveaxis(x, 1, -1)."


def _ends(array: np.ndarray, name: str, range_: Range) -> tuple[float, float]:
    """The lowest and the highest pixel, after the check that all lie in [0, 255] if no range says otherwise."""
    low, high = float(array.min()), float(array.max())
    if not np.isfinite([low, high]).all():
        raise UserError(
            f"{name} must hold pixels that are numbers. Received NaN or inf. Remove or repair these images."
        )
    if not range_ and (low < 0 or high > 255):
        raise UserError(
            f"{name} must hold pixels in [0, 255] or [0, 1]. Received {low:.10g} to {high:.10g}. Say which become "
            f"black and white with range ({Levels(low, high, 0).option}), or rescale them first."
        )
    return low, high


def _safely(path: Path, action: Callable[[], Any]) -> Any:
    """Runs a reading action; what a damaged file raises becomes one clear error."""
    try:
        return action()
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        received = f": {error}"
        if path.is_file() and not begins_with(path, NPY_MAGIC, ZIP_MAGIC):
            if path.suffix not in (".npy", ".npz"):
                raise UserError(not_read(path)) from error
            received = " a file that does not begin as one"  # NumPy takes whatever it does not know for a pickle
        raise UserError(
            f"{path} must be a whole NumPy file without pickled objects. Received{received}. Check the path, or write "
            "it again with np.save or np.savez."
        ) from error


def _read(path: Path, arrays: Any, key: str) -> np.ndarray:
    return _safely(path, lambda: arrays[key])


def _find(path: Path, arrays: Any) -> tuple[list[str], np.ndarray | None, list[str] | None]:
    """The keys of the images, the split of each key (None: one pool), and the keys of their labels (None: none)."""
    found = {f"x_{word}": part for word, part in SPLIT_WORDS.items() if f"x_{word}" in arrays.files}
    if TRAIN in found.values():
        labels = [key.replace("x_", "y_") for key in found]
        parts = np.array(list(found.values()), np.int8)
        return list(found), parts, labels if set(labels) <= set(arrays.files) else None
    key = next((key for key in POOL_KEYS if key in arrays.files), None)
    if key is None:
        raise UserError(
            f"{path} must hold images under x_train (with x_test, x_val) or one of {', '.join(POOL_KEYS)}. "
            f"Received the keys {', '.join(arrays.files) or '(none)'}. Save them as np.savez(path, images=...)."
        )
    label = next((key for key in LABEL_KEYS if key in arrays.files), None)
    return [key], None, None if label is None else [label]


def _labels(path: Path, arrays: Any, keys: list[str] | None, images: list[np.ndarray]) -> np.ndarray | None:
    if keys is None:
        return None
    labels = [_read(path, arrays, key) for key in keys]
    for key, label, of in zip(keys, labels, images, strict=True):
        if not (label.ndim and label.size == len(label) == len(of)):
            raise UserError(
                f"{key} of {path} must be one whole number for each of the {len(of):,} images. "
                f"Received shape {label.shape}, dtype {label.dtype}."
            )
    return np.concatenate(
        [_numbers(label.reshape(-1), f"{key} of {path}") for key, label in zip(keys, labels, strict=True)]
    )


def _numbers(values: np.ndarray, name: str) -> np.ndarray:
    """Labels or factors as int32, after the check that they are whole numbers from 0 on."""
    known = values.dtype.kind in "buif"
    if not known or not ((values == np.rint(values)) & (values >= 0) & (values <= MOST_LABEL)).all():
        told = f", from {values.min()} to {values.max()}" if known else ""
        raise UserError(
            f"{name} must be one whole number for each image, from 0 to {MOST_LABEL:,}. Received dtype "
            f"{values.dtype}{told}. Number the classes: np.unique(labels, return_inverse=True)[1]."
        )
    return values.astype(np.int32)
