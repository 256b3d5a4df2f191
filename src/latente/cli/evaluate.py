"""``latente evaluate``."""

from __future__ import annotations

import argparse
import json

from latente.cli.common import add_data_dir, add_run, open_run

HELP = "measure the ELBO and its parts on the whole test split"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument(
        "--split", choices=("test", "validation", "train"), default="test", help="which images (default: test)"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the draws of z (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Evaluate and print."""
    run = open_run(arguments)
    from latente.evaluation import evaluate

    metrics = evaluate(run, arguments.split, arguments.data_dir, arguments.seed)
    if arguments.json:
        print(json.dumps(metrics, indent=2))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{run.name}: {metrics['elbo']['n']:,} {arguments.split} images")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("unit")
    for name, metric in metrics.items():
        value = metric["value"]
        numbers = value if isinstance(value, list) else [value]
        text = " ".join(f"{number:.2f}" if isinstance(number, float) else str(number) for number in numbers)
        table.add_row(name, text, metric["unit"])
    Console().print(table)
