"""Data sets of the Hugging Face Hub, or in the forms that it knows, through its own library."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np

from latente.data.dataset import Dataset
from latente.data.decoded import decode
from latente.data.decoding import Files, Wish
from latente.data.frames import Frames
from latente.data.kinds import saved_by_datasets
from latente.data.levels import Range
from latente.data.sources import source
from latente.data.splitting import SPLIT_WORDS, TRAIN, Pool, divide
from latente.errors import UserError
from latente.extras import extra


@source("hf:NAME", size="any images, resized", reads=saved_by_datasets)
def hub(
    name: Path,
    *,
    config: str | None = None,
    image: str | None = None,
    label: str | None = None,
    size: tuple[int, ...] = (),
    channels: Literal[0, 1, 3] = 0,
    range: Range = (),
    frames: Frames = "first",
    skip_bad: bool = False,
    validation: float = 0.1,
    test: float = 0.1,
) -> Dataset:
    """A data set of the Hugging Face Hub.

    NAME is that of the Hub, or a local folder: one of image files or Parquet as the ``datasets`` library reads them, or
    one that ``save_to_disk`` wrote. Splits called ``train``, ``test`` and ``val`` (or ``valid``, ``validation``) are
    what they say and others are left out; without a ``train`` all are one pool. Pictures become images as those of a
    folder do. Code that comes with a data set is never run.

    Args:
        name: The name or the folder.
        config: Which configuration of a data set that has several; their names are on its page.
        image: The column of images; by default the first one.
        label: The column of classes; by default the first one, if there is any.
        size: Height and width of the images in pixels, or one number for both; by default their own if all have one
            size of 4 to 128 a side, else 64.
        channels: 1 for grey, 3 for colour, 0 for grey if all images are grey.
        range: LOW,HIGH are the pixel values that become black and white; by default 0 and the highest that the 8 or 16
            bits of each picture can hold.
        frames: The images of an animated picture: its first frame, or all; the pages of a TIFF are always all.
        skip_bad: Leave out images that cannot be read, and say how many, instead of stopping at the first.
        validation: Share of the train images to keep for validation where the data set has no such split.
        test: Share of the train images to keep for the test where the data set has no such split.
    """
    shown = f"hf:{name.as_posix()}"
    found = _read(name, shown, config)
    parts = _parts(found)
    splits = {split: found[split] for split in parts}
    features = next(iter(splits.values())).features
    pictures = _column(shown, features, "image", "Image", image)
    if pictures is None:
        raise UserError(f"'{shown}' must have a column of images. Received the columns {_listed(features)}.")
    classes = _column(shown, features, "label", "ClassLabel", label)
    wish = Wish(size, channels, range=range, frames=frames, skip_bad=skip_bad)
    decoded = decode(re.sub(r"[^\w-]", "_", name.name), _files(name, splits, pictures), wish)
    labels = _labels(splits, classes)
    pool = Pool(
        images=decoded.images,
        labels=None if labels is None else labels[decoded.kept],
        parts=np.repeat(list(parts.values()), list(map(len, splits.values())))[decoded.kept].astype(np.int8),
        keys=decoded.keys,
    )
    dataset = divide(shown, pool, validation=validation, test=test)
    class_names = None if classes is None else tuple(features[classes].names)
    return _told(replace(dataset, class_names=class_names, notes=decoded.notes))


def _told(dataset: Dataset) -> Dataset:
    """The data set without the labels of the splits in which the class of some image is not told."""
    untold = [name for name, split in dataset.splits.items() if split.labels is not None and (split.labels < 0).any()]
    if not untold:
        return dataset
    train, validation, test = (
        replace(split, labels=None) if name in untold else split for name, split in dataset.splits.items()
    )
    note = f"The class of some {' and '.join(untold)} images is not told, so that none of these has a label."
    return replace(dataset, train=train, validation=validation, test=test, notes=(*dataset.notes, note))


def _read(name: Path, shown: str, config: str | None) -> Mapping[str, Any]:
    """The splits of a data set by name, as the library gives them."""
    library = extra("datasets", "datasets", shown)
    if not sys.stderr.isatty():
        library.disable_progress_bars()
    try:
        if saved_by_datasets(name):
            found = library.load_from_disk(str(name))
        else:
            found = library.load_dataset(name.as_posix(), config)
    except (OSError, RuntimeError, ValueError, library.exceptions.DatasetsError) as error:
        said = str(error).strip().rstrip(".")
        raise UserError(
            f"hf:NAME needs a data set of the Hub, or a folder of one. Received {shown}: {said}. Check the name, the "
            f"network, HF_TOKEN if it is private, or choose one of its configurations with config (--data.config)."
        ) from error
    return found if isinstance(found, Mapping) else {"train": found}


def _parts(splits: Iterable[str]) -> dict[str, int]:
    """What each split is for, those left out whose names do not say it; all to train on where none is called so."""
    known = {name: SPLIT_WORDS[name] for name in splits if name in SPLIT_WORDS}
    return known if TRAIN in known.values() else dict.fromkeys(splits, TRAIN)


def _column(shown: str, features: Mapping[str, Any], option: str, kind: str, asked: str | None) -> str | None:
    """The column that was asked for, or the first of its kind; None where there is none."""
    fitting = [name for name, feature in features.items() if type(feature).__name__ == kind]
    if asked and asked not in fitting:
        raise UserError(
            f"The option {option} of '{shown}' must name a column of the type {kind}. "
            f"Received '{asked}', of the columns {_listed(features)}."
        )
    return asked or next(iter(fitting), None)


def _listed(features: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} ({type(feature).__name__})" for name, feature in features.items())


def _files(place: Path, splits: Mapping[str, Any], column: str) -> Files:
    """The pictures as they are stored, each a file in memory or on disk."""
    encoded = {
        name: split.select_columns([column]).cast_column(column, replace(split.features[column], decode=False))
        for name, split in splits.items()
    }

    def opened(file: str) -> IO[bytes]:
        split, _, row = file.rpartition("/")
        picture = encoded[split][int(row)][column]
        return open(picture["path"], "rb") if picture["bytes"] is None else io.BytesIO(picture["bytes"])

    names = [f"{split}/{row}" for split, rows in splits.items() for row in range(len(rows))]
    return Files(place, names, opened, [[split, column, rows._fingerprint] for split, rows in splits.items()])


def _labels(splits: Mapping[str, Any], column: str | None) -> np.ndarray | None:
    """The class of every image, (N,) int32; -1, as on the Hub, where it is not told."""
    if column is None:
        return None
    return np.array([-1 if each is None else each for split in splits.values() for each in split[column]], np.int32)
