"""``latente reconstruct``."""

from __future__ import annotations

import argparse

from latente.cli.common import add_data_dir, add_output, add_run, open_run, show

HELP = "show test images beside their reconstructions"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument("-n", type=int, default=10, metavar="N", help="how many test images (default: 10)")
    add_data_dir(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> None:
    """Reconstruct and draw."""
    run = open_run(arguments)
    from latente.report.pictures import reconstruction_figure

    figure = reconstruction_figure(run.model(), run.data(arguments.data_dir), run, arguments.n)
    show(figure, run, "reconstructions.png", arguments.output)
