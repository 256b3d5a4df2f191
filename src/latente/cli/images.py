"""Every image of a data set that the user names, and a table with a row for each."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latente.cli.arrays import save_csv, save_npz

if TYPE_CHECKING:
    from latente.data import Dataset
    from latente.training import Run


def add_images(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the data set, its folder, and where its table goes."""
    parser.add_argument(
        "data",
        nargs="?",
        metavar="DATA",
        help="data set, such as mnist or folder:PATH; latente data list names them (default: the run's own)",
    )
    parser.add_argument(
        "-o", "--output", type=_table_path, required=True, metavar="FILE", help=f"{what}.csv or {what}.npz"
    )
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the data sets")


def chosen_dataset(arguments: argparse.Namespace, run: Run) -> Dataset:
    """The run's own data in the run's own splits; other data as the run's are, undivided, in their own order."""
    from latente import data

    if arguments.data is None or data.absolute(arguments.data) == run.config["data"]["name"]:
        return run.data(arguments.data_dir)
    known = data.options(arguments.data)
    height, width, channels = run.environment["image_shape"]
    fitting = {"size": (height, width), "channels": channels, "range": run.pixel_range, "validation": 0, "test": 0}
    options = {name: value for name, value in fitting.items() if name in known}
    options["binarize"] = run.config["data"]["binarize"]
    return data.load(arguments.data, data_dir=arguments.data_dir, **options)


def index_columns(dataset: Dataset) -> dict[str, np.ndarray]:
    """The first columns of the table: split, index there and, where all images have them, file and label."""
    splits = {name: split for name, split in dataset.splits.items() if len(split)}
    columns = {
        "split": np.repeat(list(splits), [len(split) for split in splits.values()]),
        "index": np.concatenate([np.arange(len(split)) for split in splits.values()]),
    }
    for name, known in (("file", "files"), ("label", "labels")):
        found = [values for split in splits.values() if (values := getattr(split, known)) is not None]
        if len(found) == len(splits):
            columns[name] = np.concatenate(found)
    return columns


def save_table(path: Path, columns: dict[str, np.ndarray]) -> Path:
    """Write columns ``(n,)`` or ``(n, k)`` as npz; or as csv, where z of k columns becomes z0, z1 and so on."""
    if path.suffix == ".npz":
        return save_npz(path, columns)
    flat = {
        name if values.ndim == 1 else f"{name}{j}": column
        for name, values in columns.items()
        for j, column in enumerate([values] if values.ndim == 1 else values.T)
    }
    return save_csv(path, flat)


def _table_path(text: str) -> Path:
    if Path(text).suffix not in (".npz", ".csv"):
        raise argparse.ArgumentTypeError(f"it must end in .npz or .csv. Received {text}")
    return Path(text)
