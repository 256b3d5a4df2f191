"""``latente traverse``."""

from __future__ import annotations

import argparse

from latente.cli.common import add_label, add_output, add_run, label_of, open_run, show

HELP = "move one latent at a time, the most informative first"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument("--steps", type=int, default=11, help="images in a row (default: 11)")
    add_label(parser, "the class to decode (default: 0)")
    add_output(parser)


def run(arguments: argparse.Namespace) -> None:
    """Traverse and draw."""
    run = open_run(arguments)
    from latente.report.pictures import traversal_figure

    label = label_of(arguments, run) or 0
    name = f"traversals-label-{label}.png" if run.classes else "traversals.png"
    show(traversal_figure(run.model(), run, arguments.steps, label), run, name, arguments.output)
