"""Images that Python holds already, as arrays, tensors or batches of them, and the file that a run keeps of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from latente.data.arrays import MOST_LABEL, as_images
from latente.data.dataset import LARGE, Dataset, Split, nbytes
from latente.data.levels import Range
from latente.data.sources import checked, prepared, source
from latente.data.splitting import TEST, TRAIN, VALIDATION, Pool, divide
from latente.errors import UserError

ARRAY = "array"
"""What the data of a run are called that Python held."""
MOST = 8 * LARGE


@source(ARRAY, size="any (N, H, W[, C])", in_memory=True)
def array(where: Path, *, range: Range = (), validation: float = 0.1, test: float = 0.1) -> Dataset:
    """Images that Python holds.

    Args:
        where: Not used.
        range: LOW,HIGH are the pixel values that become black and white; by default 0 and 255, or 0 and 1.
        validation: Share of the train images to keep for validation.
        test: Share of the train images to keep for the test where none are given.
    """
    raise UserError(
        f"The data '{ARRAY}' are images that a program held. Give them in Python, latente.train(images), or save them "
        "with numpy.savez('images.npz', images=images) and name npz:images.npz."
    )


def hold(given: Any, labels: Any = None, **options: Any) -> Dataset:
    """Makes a data set of what Python holds.

    Args:
        given: Images (N, H, W) or (N, H, W, C) as an array or a tensor; a pair of them and their labels; pairs for
            train and test, as ``keras.datasets`` gives them, or for train, validation and test; anything that can be
            iterated over and gives such batches or single images once; or a ``Dataset``. Pixels: 0 to 255, or 0 to 1,
            which are rounded to 256 levels, or bool.
        labels: (N,) whole numbers, (N, 1), or (N, K) one-hot, where ``given`` is images alone.
        **options: ``range``, ``validation``, ``test``, ``subset`` and ``binarize``, as other sources take them.

    Raises:
        UserError: Not images, more than 2 GiB of them, or labels that are none.
    """
    values = checked(ARRAY, options)
    if isinstance(given, Dataset):
        dataset = given
    else:
        pool, notes = _pool(given, labels, values["range"])
        names = getattr(given, "class_names", None)  # as Keras's own data sets from folders have them
        dataset = divide(ARRAY, pool, validation=values["validation"], test=values["test"])
        dataset = replace(dataset, class_names=None if names is None else tuple(map(str, names)), notes=notes)
    dataset = prepared(dataset, ARRAY, values)
    train, validation, test = (replace(split, images=_whole(split)) for split in dataset.splits.values())
    return replace(dataset, train=train, validation=validation, test=test)


def keep(dataset: Dataset, file: Path) -> None:
    """Writes a data set to an ``.npz`` file, which the source ``npz:PATH`` reads as well."""
    arrays: dict[str, Any] = {}
    for part, split in dataset.splits.items():
        known = {"x": split.images, "y": split.labels, "factors": split.factors, "files": split.files}
        arrays |= {f"{key}_{part}": value for key, value in known.items() if value is not None}
    names = {"class_names": dataset.class_names, "factor_names": dataset.factor_names}
    arrays |= {key: np.array(value) for key, value in names.items() if value is not None}
    np.savez(file, allow_pickle=False, **arrays)


def kept(file: Path, options: Mapping[str, Any]) -> Dataset:
    """Reads the data set that ``keep`` wrote; ``options`` are those of its config, its name among them."""
    with np.load(file, allow_pickle=False) as arrays:
        held = {key: arrays[key] for key in arrays.files}
    train, validation, test = (
        Split(held[f"x_{part}"], held.get(f"y_{part}"), held.get(f"factors_{part}"), held.get(f"files_{part}"))
        for part in ("train", "validation", "test")
    )
    classes, factors = (tuple(held[key].tolist()) if key in held else None for key in ("class_names", "factor_names"))
    return Dataset(options["name"], train, validation, test, classes, factors, dict(options))


def _whole(split: Split) -> np.ndarray:
    if nbytes(split.images) > MOST:
        raise UserError(
            f"Images that Python gives are held in memory, at most 2 GiB. Received {len(split):,} of "
            f"{nbytes(split.images) / 2**30:.1f} GiB: save them with numpy.save, and name npy:PATH."
        )
    return np.asarray(split.images[:])


def _pool(given: Any, labels: Any, range_: Range) -> tuple[Pool, tuple[str, ...]]:
    """All images with their labels, and what to know about their pixels."""
    pairs = given if isinstance(given, tuple) and given and isinstance(given[0], tuple) else (given,)
    parts = {1: [TRAIN], 2: [TRAIN, TEST], 3: [TRAIN, VALIDATION, TEST]}.get(len(pairs))
    if parts is None:
        raise UserError(f"Give pairs for train and test, or for train, validation and test. Received {len(pairs)}.")
    read = [_images_and_labels(pair, labels) for pair in pairs]
    images = [array for arrays, _ in read for array in arrays]
    counts = [sum(map(len, arrays)) for arrays, _ in read]
    known = [each for _, each in read if each is not None]
    found, notes = as_images(images, ["The images"] * len(images), range_)
    pool = Pool(
        found,
        labels=np.concatenate(known) if len(known) == len(read) else None,
        parts=np.repeat(np.array(parts, np.int8), counts) if len(pairs) > 1 else None,
    )
    return pool, notes


def _images_and_labels(given: Any, labels: Any) -> tuple[list[np.ndarray], np.ndarray | None]:
    """The images, in one array or several, and the labels of them all."""
    if isinstance(given, tuple):
        if len(given) not in (1, 2) or (len(given) == 2 and labels is not None):
            raise UserError(
                f"Give images, or images and labels: (x, y). Received a tuple of {len(given)}"
                f"{'' if labels is None else ' and labels besides'}."
            )
        given, labels = given[0], labels if len(given) == 1 else given[1]
    if _is_array(given):
        images = _array(given)
        if images.ndim == 3 and images.shape[-1] in (1, 3):
            raise UserError(
                f"Give several images, (N, H, W) or (N, H, W, C). Received shape {images.shape}, which looks like one."
            )
        return [_channels_last(images)], _labels(labels, images)
    if labels is not None:
        raise UserError("labels go with an array of images. Received batches: let each be (images, labels).")
    batches = list(_batches(given))
    if not batches:
        raise UserError(f"Give at least one image. Received none from {type(given).__name__}: it may be used up.")
    found = [_labels(label, images) for images, label in batches]
    known = [label for label in found if label is not None]
    return [images for images, _ in batches], np.concatenate(known) if len(known) == len(found) else None


def _batches(given: Any) -> Iterator[tuple[np.ndarray, Any]]:
    """Images (n, H, W[, C]) with their labels or None, until there are no more, or too many."""
    size = 0
    for element in _elements(given):
        images, label = _parted(element)
        if images.ndim == 2 or (images.ndim == 3 and images.shape[-1] in (1, 3)) or _one_in_front(given, images):
            images, label = images[None], None if label is None else _array(label)[None]
        size += images.nbytes
        if size > MOST:
            raise UserError(
                f"Images that Python gives are held in memory, at most 2 GiB. Received more from "
                f"{type(given).__name__}: end it, with .take(n) for instance, or keep the images in files and name "
                f"folder:PATH or npy:PATH."
            )
        yield _channels_last(images), label


def _elements(given: Any) -> Iterable[Any]:
    endless = getattr(given, "num_batches", 0) is None  # Keras's PyDataset
    if cardinality := getattr(given, "cardinality", None):  # tf.data
        endless = int(cardinality()) == -1
    if endless:
        raise UserError(f"Give a {type(given).__name__} that ends. Received one that repeats: leave .repeat() out.")
    if hasattr(given, "__iter__"):
        return given
    if hasattr(given, "__getitem__") and hasattr(given, "__len__"):
        return (given[i] for i in range(len(given)))
    raise UserError(
        f"Give images as an array (N, H, W[, C]), batches of them, or the name of a data set. Received "
        f"{type(given).__name__}."
    )


def _one_in_front(given: Any, images: np.ndarray) -> bool:
    """Whether (C, H, W) is one image, as PyTorch's data sets give it: what is indexed gives one, a stream batches."""
    indexed = hasattr(given, "__getitem__") and not hasattr(given, "num_batches")
    return images.ndim == 3 and images.shape[0] in (1, 3) and indexed


def _parted(element: Any) -> tuple[np.ndarray, Any]:
    if isinstance(element, Mapping) and "images" in element:
        return _array(element["images"]), element.get("labels")
    if isinstance(element, tuple | list) and 1 <= len(element) <= 2:
        return _array(element[0]), element[1] if len(element) == 2 else None
    if not _is_array(element):
        raise UserError(f"Each batch must be images, or (images, labels). Received {type(element).__name__}.")
    return _array(element), None


def _is_array(given: Any) -> bool:
    return any(hasattr(given, name) for name in ("__array__", "__array_interface__", "detach"))


def _array(given: Any) -> np.ndarray:
    if hasattr(given, "detach"):  # PyTorch, which gives no array of what has a gradient or lies elsewhere
        given = given.detach().cpu()
    return np.asarray(given)


def _channels_last(images: np.ndarray) -> np.ndarray:
    """Images as PyTorch holds them, (n, C, H, W), with the channels last."""
    first = images.ndim == 4 and images.shape[1] in (1, 3) and images.shape[-1] not in (1, 3)
    return np.moveaxis(images, 1, -1) if first else images


def _labels(given: Any, images: np.ndarray) -> np.ndarray | None:
    """(n,) int32 of whole numbers or of one-hot rows; None for none, and for the target of an autoencoder."""
    if given is None:
        return None
    labels = _array(given)
    if labels.shape == images.shape and np.array_equal(labels, images):
        return None
    if (
        labels.ndim == 2
        and labels.shape[1] > 1
        and set(np.unique(labels)) == {0, 1}
        and (labels.sum(axis=1) == 1).all()
    ):
        labels = labels.argmax(axis=1)
    flat = labels.ndim > 0 and labels.size == len(labels) == len(images)
    whole = flat and labels.dtype.kind in "buif" and (labels == np.rint(labels)).all()
    if not whole or labels.min() < 0 or labels.max() > MOST_LABEL:
        raise UserError(
            f"Labels must be one class 0, 1, 2, ... for each of the {len(images):,} images, or one-hot. Received shape "
            f"{labels.shape}, dtype {labels.dtype}."
        )
    return labels.reshape(-1).astype(np.int32)
