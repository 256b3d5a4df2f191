"""``latente encode``."""

from __future__ import annotations

import argparse

import numpy as np

from latente.cli.common import add_run, add_seed, open_run
from latente.cli.images import add_images, chosen_dataset, index_columns, save_table
from latente.seeds import spread

HELP = "write the codes of images as npz or csv"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    add_images(parser, "codes")
    parser.add_argument("--sample", action="store_true", help="one draw of the posterior for each image, not its mean")
    add_seed(parser, "the draws")


def run(arguments: argparse.Namespace) -> None:
    """Encode every image and write the codes, in the order of the data."""
    run = open_run(arguments)
    from latente.training.labels import labels_of

    vae = run.model()
    dataset = chosen_dataset(arguments, run)
    codes = [
        vae.encode(np.asarray(split.images[:]), arguments.sample, spread(arguments.seed, name), labels_of(vae, split))
        for name, split in dataset.splits.items()
        if len(split)
    ]
    print(save_table(arguments.output, index_columns(dataset) | {"z": np.concatenate(codes)}))
