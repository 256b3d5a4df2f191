"""``latente traverse``."""

from __future__ import annotations

import argparse

from latente.cli.common import add_output, add_run, open_run, show

HELP = "move one latent at a time, the most informative first"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument("--steps", type=int, default=11, help="images in a row (default: 11)")
    add_output(parser)


def run(arguments: argparse.Namespace) -> None:
    """Traverse and draw."""
    run = open_run(arguments)
    from latente.report.pictures import traversal_figure

    show(traversal_figure(run.model(), run, arguments.steps), run, "traversals.png", arguments.output)
