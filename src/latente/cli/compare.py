"""``latente compare``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from latente.backend import import_keras
from latente.cli.common import add_data_dir
from latente.language import tr, translation_of

if TYPE_CHECKING:
    from latente.report import Comparison

HELP = "put runs side by side: figures over seeds, and pictures"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("run_dirs", nargs="+", metavar="RUN", help="run directories, at least two")
    parser.add_argument(
        "-o", "--output", metavar="DIR", help="folder of the comparison (default: runs/comparison-TIME)"
    )
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Compare and print."""
    import_keras()
    from latente.report import compare

    show_comparison(compare(arguments.run_dirs, arguments.output, arguments.data_dir))


def show_comparison(comparison: Comparison) -> None:
    """Print the groups, their figures, as many in a table as the terminal is wide, and the path of the report."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    for group in comparison.groups:
        seeds = ", ".join(map(str, group.seeds))
        told = tr("seeds {seeds}", seeds=seeds) if len(group.runs) > 1 else tr("seed {seeds}", seeds=seeds)
        console.print(Text(f"{group.label} ({told})"))
    rows = comparison.rows
    width = max(len(cell) for row in rows for cell in [*row.cells(), "reconstruction ↓"])
    at_once = max(1, (console.width - 6) // (width + 2))
    for start in range(0, len(rows), at_once):
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("", no_wrap=True)
        for row in rows[start : start + at_once]:
            words = row.name.replace("_", " ").replace("[", " [")  # the header breaks at spaces
            table.add_column(Text(f"{words} {row.better}\n{translation_of(row.unit)}"), justify="right", width=width)
        for i, group in enumerate(comparison.groups):
            table.add_row(group.letter, *(row.cells()[i] for row in rows[start : start + at_once]))
        console.print(table)
    if any(spread is not None for row in rows for spread in row.spreads):
        console.print(tr("Mean ± standard deviation over the runs of a group. ↑ ↓ say which way is better."))
    for note in comparison.notes:
        console.print(Text(tr("Note: {note}", note=note)))
    print(comparison.path)
