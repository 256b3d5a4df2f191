"""Writes Latente's splits of Fashion-MNIST as arrays for the other stacks."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from latente import data


def main() -> None:
    """Load, write whole, and say how many images there are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    splits = data.load("fashion-mnist", data_dir=arguments.data_dir).splits
    temporary = arguments.output.with_name("writing.npz")
    np.savez(temporary, **{name: np.asarray(split.images) for name, split in splits.items()})
    temporary.replace(arguments.output)
    print(json.dumps({name: len(split) for name, split in splits.items()}))


if __name__ == "__main__":
    main()
