"""``latente report``."""

from __future__ import annotations

import argparse

from latente.cli.common import add_data_dir, add_run, open_run

HELP = "write one HTML file with a run's curves, pictures and figures"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Write the report."""
    run = open_run(arguments)
    from latente.report import report

    print(report(run, arguments.data_dir, progress=True))
