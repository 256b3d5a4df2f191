"""``latente encode``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from latente.cli.common import add_run, open_run
from latente.errors import UserError

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
    """Encode every image of every split and write the codes."""
    if arguments.output.suffix not in (".npz", ".csv"):
        raise UserError(f"-o must end in .npz or .csv. Received {arguments.output}.")
    run = open_run(arguments)
    from latente import data
    from latente.cli.arrays import save_csv, save_npz

    vae = run.model()
    fitting = {"size": vae.image_shape[0], "channels": vae.image_shape[2]}
    taken = {name: value for name, value in fitting.items() if name in data.options(arguments.data)}
    dataset = data.load(arguments.data, data_dir=arguments.data_dir, **taken)
    splits = dataset.splits.values()
    codes = [vae.encode(np.asarray(s.images[:]), arguments.sample, arguments.seed) for s in splits]
    columns = {"split": np.repeat(list(dataset.splits), [len(s) for s in splits])}
    if all(split.labels is not None for split in splits):
        columns["label"] = np.concatenate([split.labels for split in splits])
    z = np.concatenate(codes)
    if arguments.output.suffix == ".npz":
        print(save_npz(arguments.output, z=z, **columns))
    else:
        print(save_csv(arguments.output, columns | {f"z{j}": z[:, j] for j in range(z.shape[1])}))
