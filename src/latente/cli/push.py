"""``latente push``."""

from __future__ import annotations

import argparse
from pathlib import Path

from latente.cli.common import add_run, open_run

HELP = "upload a run to Hugging Face's Hub, with a model card"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument("repo", metavar="REPO", help="name on the Hub, USER/NAME")
    parser.add_argument("--private", action="store_true", help="make the repository private, when it is new")
    parser.add_argument("--license", metavar="ID", help="licence of the weights, such as apache-2.0 (default: none)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="write there what would be uploaded, and upload nothing"
    )


def run(arguments: argparse.Namespace) -> None:
    """Upload, and print the address; or write the folder, and print its path."""
    run = open_run(arguments)
    from latente.export.hub import push, write_public

    if arguments.output:
        print(write_public(run, arguments.repo, arguments.output, arguments.license))
    else:
        print(push(run, arguments.repo, arguments.private, arguments.license))
