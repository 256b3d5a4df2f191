"""``latente diagnose``."""

from __future__ import annotations

import argparse
import json

from latente.cli.common import add_data_dir, add_run, add_seed, open_run
from latente.language import tr

HELP = "say whether a model is healthy, and if not, why and what to do"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.epilog = "The exit code is 0 for a sick model too."
    add_run(parser)
    add_seed(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Diagnose, draw the evidence and print the verdict."""
    run = open_run(arguments)
    from latente.evaluation import diagnose_run

    diagnosis = diagnose_run(run, arguments.data_dir, arguments.seed)
    picture = diagnosis.save(run.figure_path("diagnosis.png"))
    if arguments.json:
        print(json.dumps({**diagnosis.to_json(), "picture": str(picture)}, indent=2))
        return
    print(diagnosis)
    print()
    print(tr("The evidence in pictures: {path}", path=picture))
