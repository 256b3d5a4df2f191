"""Arguments and output that the commands share."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from latente.backend import import_keras
from latente.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latente.training import Run


def add_run(parser: argparse.ArgumentParser) -> None:
    """Add the run directory."""
    parser.add_argument("run_dir", metavar="RUN", help="run directory, made by latente train")


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Add the folder of the data sets, for a run, which knows where they were."""
    parser.add_argument("--data-dir", metavar="DIR", help="where the data files are now, when not where they were")


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add what all that trains takes: the folder of the data sets, and silence."""
    parser.add_argument("--data-dir", metavar="DIR", help="folder of the data sets")
    parser.add_argument("--quiet", action="store_true", help="do not tell how training goes")


def add_seed(parser: argparse.ArgumentParser, of: str = "every draw") -> None:
    """Add the seed, a whole number below 2**32 as training takes."""
    parser.add_argument("--seed", type=_seed, default=0, help=f"seed of {of} (default: 0)")


def _seed(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"it must be a whole number from 0 to 2**32 - 1. Received {text}")
    return int(text)


def add_output(parser: argparse.ArgumentParser, what: str = "the picture") -> None:
    """Add the output path."""
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help=f"where {what} goes; the run directory by default"
    )


def add_label(parser: argparse.ArgumentParser, help: str) -> None:
    """Add the class that a conditional model decodes."""
    parser.add_argument("--label", metavar="CLASS", help=f"{help}, by number or name; of a conditional model")


def label_of(arguments: argparse.Namespace, run: Run) -> int | None:
    """The label that was asked for, or None.

    Raises:
        UserError: The run knows no labels, or not this one.
    """
    if arguments.label is None:
        return None
    if not run.classes:
        raise UserError(f"--label needs a model trained with --conditional. Received {arguments.label} for {run.path}.")
    numbers = [str(number) for number in range(len(run.classes))]
    for names in (numbers, run.classes):
        if arguments.label in names:
            return names.index(arguments.label)
    known = ", ".join(f"{number} ({name})" for number, name in zip(numbers, run.classes, strict=True))
    raise UserError(f"--label must be one of {known}. Received {arguments.label}.")


def import_own(flags: Iterable[tuple[str, str | bool]]) -> None:
    """Import the modules of the choices that flags name as ``module:Class``, also from the working folder.

    For these alone: what a run or a config names may be a stranger's, and is looked for where Python looks anyway.
    """
    from latente.model import AXES
    from latente.model.choice import lookup

    axes = [(name.removesuffix(".name"), str(value).split(",")) for name, value in flags]
    named = [(AXES[axis], each) for axis, values in axes if axis in AXES for each in values if ":" in each]
    here = os.getcwd()
    sys.path.append(here)
    try:
        for axis, each in named:
            lookup(axis, each)
    finally:
        sys.path.remove(here)


def open_run(arguments: argparse.Namespace) -> Run:
    """The run that the command is about, with Keras imported."""
    import_keras()
    from latente.training import Run

    return Run(arguments.run_dir)


def show(figure: Figure, run: Run, name: str, output: Path | None) -> None:
    """Write a figure and print its path."""
    from latente.figures import save_figure

    print(save_figure(figure, output or run.figure_path(name)))
