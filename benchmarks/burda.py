"""Latente beside Burda et al. (2016): MNIST, dynamic binarization, their network of one stochastic layer.

Two hidden layers of 200 tanh units each way, 50 latents. They trained for 3,280 passes with batches of 20 in eight
stages of the learning rate; here the learning rate falls along a cosine over the passes asked for. A stopped run goes
on where it was.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import children
import machine
import tables

PUBLISHED = {"Burda et al. (2016)": -86.76, "a public reproduction": -86.35}


def main() -> None:
    """Train, evaluate on the whole test set, write ``results/burda.json`` and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=children.DATA_DIR, help="folder of the data sets")
    parser.add_argument("--epochs", type=int, default=3280, help="passes over the images (default: 3280, as published)")
    parser.add_argument("--batch-size", type=int, default=20, help="images in a batch (default: 20, as published)")
    parser.add_argument("--samples", type=int, default=5000, help="importance samples of each image (default: 5000)")
    arguments = parser.parse_args()
    options = {
        "data-dir": arguments.data_dir.resolve(),
        "run": children.WORK / f"burda-{arguments.epochs}-{arguments.batch_size}",
        "epochs": arguments.epochs,
        "batch-size": arguments.batch_size,
        "samples": arguments.samples,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    measured = children.run("latente", "burda_run", *words, timed=False)
    result = {
        "code": machine.code(),
        "machine": machine.describe(),
        "date": time.strftime("%Y-%m-%d"),
        "published": PUBLISHED,
        **measured,
    }
    children.write_json(children.RESULTS / "burda.json", result)
    print(tables.burda(result))


if __name__ == "__main__":
    main()
