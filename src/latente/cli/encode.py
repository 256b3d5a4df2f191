"""``latente encode``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from latente.cli.common import add_run, open_run
from latente.errors import UserError

if TYPE_CHECKING:
    from latente.data import Dataset
    from latente.training import Run

HELP = "write the codes of images as npz or csv"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument(
        "data", metavar="DATA", help="data set, such as mnist or folder:PATH; latente data list names them"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="codes.npz or codes.csv")
    parser.add_argument("--sample", action="store_true", help="one draw of the posterior for each image, not its mean")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws (default: 0)")
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the data sets")


def run(arguments: argparse.Namespace) -> None:
    """Encode every image and write the codes, in the order of the data."""
    if arguments.output.suffix not in (".npz", ".csv"):
        raise UserError(f"-o must end in .npz or .csv. Received {arguments.output}.")
    run = open_run(arguments)
    from latente.cli.arrays import save_csv, save_npz
    from latente.training.labels import labels_of

    vae = run.model()
    splits = _dataset(run, vae.image_shape, arguments).splits
    splits = {name: split for name, split in splits.items() if len(split)}
    codes = [
        vae.encode(np.asarray(split.images[:]), arguments.sample, arguments.seed + i, labels_of(vae, split))
        for i, split in enumerate(splits.values())
    ]
    columns = {
        "split": np.repeat(list(splits), [len(split) for split in splits.values()]),
        "index": np.concatenate([np.arange(len(split)) for split in splits.values()]),
    }
    labels = [split.labels for split in splits.values() if split.labels is not None]
    if len(labels) == len(splits):
        columns["label"] = np.concatenate(labels)
    z = np.concatenate(codes)
    if arguments.output.suffix == ".npz":
        print(save_npz(arguments.output, z=z, **columns))
    else:
        print(save_csv(arguments.output, columns | {f"z{j}": z[:, j] for j in range(z.shape[1])}))


def _dataset(run: Run, image_shape: tuple[int, int, int], arguments: argparse.Namespace) -> Dataset:
    """The run's own data in the run's own splits; other data undivided, in their own order."""
    from latente import data

    if data.absolute(arguments.data) == run.config["data"]["name"]:
        return run.data(arguments.data_dir)
    known = data.options(arguments.data)
    fitting = {"size": image_shape[0], "channels": image_shape[2], "validation": 0, "test": 0}
    options = {name: value for name, value in fitting.items() if name in known}
    return data.load(arguments.data, data_dir=arguments.data_dir, **options)
