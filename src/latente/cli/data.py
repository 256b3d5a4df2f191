"""`latente data`: what data there are, what is in one of them, and how to get it."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from latente.cli.train import parse_flags
from latente.data import Dataset, Source, Split, data_directory, load, options, source_named, sources
from latente.data.dataset import evenly
from latente.errors import UserError
from latente.options import shown_value
from latente.pixels import unit_scale

HELP = "list the data sets, describe one, or fetch one"
STATISTICS_SAMPLE = 10_000


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the three actions and their arguments."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="{list,info,get}")
    for name, help_ in (
        ("list", "all data sets, and whether their files are here"),
        ("info", "sizes, pixels, classes, factors and options of one data set"),
        ("get", "fetch the files of a data set, or say how to place them"),
    ):
        action = actions.add_parser(name, help=help_, description=help_)
        if name != "list":
            action.add_argument("name", metavar="NAME", help="a name from `latente data list`, or folder:PATH ...")
        action.add_argument("--data-dir", help="folder of the data sets (default: $LATENTE_DATA_DIR, else the cache)")


def run(args: argparse.Namespace) -> None:
    """Runs one action and prints its answer."""
    if args.rest and args.action != "info":
        args.parser.error(f"unrecognized arguments: {' '.join(args.rest)}")
    if args.action == "list":
        lines = _list(args.data_dir)
    elif args.action == "info":
        lines = _info(args.name, args.data_dir, dict(_own(*flag) for flag in parse_flags(args.rest)))
    else:
        lines = _get(args.name, args.data_dir)
    print("\n".join(lines))


def _own(key: str, value: str | bool) -> tuple[str, str | bool]:
    """A flag as an option of the data."""
    section, _, name = key.partition(".")
    if section != "data" or not name:
        raise UserError(f"latente data info takes the options of the data, --data.NAME. Received --{key}.")
    return name.replace("-", "_"), value


def _list(data_dir: str | None) -> Iterator[str]:
    folder = data_directory(data_dir)
    yield f"{'name':<14}{'what':<38}{'images':<20}files"
    for source in sources():
        yield f"{source.name:<14}{source.summary:<38}{source.size:<20}{_presence(source, folder)}"
    yield ""
    yield f"Files are looked for in {folder} (--data-dir, LATENTE_DATA_DIR)."


def _presence(source: Source, folder: Any) -> str:
    if source.takes_path:
        return "yours"
    if source.here is None:
        return "none"
    return "here" if source.here(folder) else "absent"


def _info(name: str, data_dir: str | None, given: dict[str, Any]) -> Iterator[str]:
    data = load(name, data_dir=data_dir, **given)
    height, width, channels = data.image_shape
    yield f"{name}: {source_named(name)[0].summary}"
    yield ""
    for part, split in data.splits.items():
        shared = f"  ({data.duplicates[part]:,} also in train)" if part in data.duplicates else ""
        yield f"  {part:<13}{len(split):>9,} images{shared}"
    yield f"  {'image':<13}{height} x {width} x {channels}, {data.train.images.dtype}"
    yield f"  {'pixels':<13}{_statistics(data.train)}"
    yield f"  {'fingerprint':<13}{data.fingerprint}"
    yield from _classes(data)
    yield from _factors(data)
    yield ""
    yield "options (here and in `latente train`, as --data.NAME)"
    for option in options(name).values():
        if option.name == "data_dir":  # --data-dir, as here
            continue
        yield f"  {option.name.replace('_', '-')}: {option.expected()}; default {shown_value(option.default)}"
        yield from textwrap.wrap(option.help, 74, initial_indent="      ", subsequent_indent="      ")


def _statistics(split: Split) -> str:
    index = evenly(len(split), STATISTICS_SAMPLE)
    pixels = unit_scale(split.images[index])
    return f"mean {pixels.mean():.4f}, std {pixels.std():.4f} on [0, 1] (over {len(index):,} train images)"


def _classes(data: Dataset) -> Iterator[str]:
    if data.train.labels is None:
        return
    yield ""
    yield f"{'class':<24}" + "".join(f"{part:>12}" for part in data.splits)
    labels = [split.labels for split in data.splits.values() if split.labels is not None]
    for label in np.unique(np.concatenate(labels)):
        name = str(label) if data.class_names is None else data.class_names[label]
        yield f"  {name[:22]:<22}" + "".join(f"{(each == label).sum():>12,}" for each in labels)


def _factors(data: Dataset) -> Iterator[str]:
    if data.train.factors is None:
        return
    names = data.factor_names or tuple(f"factor {i}" for i in range(data.train.factors.shape[1]))
    yield ""
    yield f"{'factor':<24}{'values':>12}{'range':>12}"
    for name, column in zip(names, data.train.factors.T, strict=True):
        yield f"  {name[:22]:<22}{len(np.unique(column)):>12,}{f'{column.min()} - {column.max()}':>12}"


def _get(name: str, data_dir: str | None) -> Iterator[str]:
    source, _ = source_named(name)
    folder = data_directory(data_dir)
    if source.fetch is None:
        yield f"{name} needs no files: {'its name says what to read' if source.takes_path else 'it is built in'}."
        return
    already = source.here is not None and source.here(folder)
    yield f"{name} is {'already ' if already else ''}in {source.fetch(folder)}"
