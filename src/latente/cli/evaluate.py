"""``latente evaluate``."""

from __future__ import annotations

import argparse
import json
from statistics import median
from typing import Any

from latente.cli.common import add_data_dir, add_run, add_seed, open_run

MOST_LISTED = 32
HELP = "measure the bound, latents, reconstructions, samples and paths"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    parser.add_argument(
        "--split", choices=("test", "validation", "train"), default="test", help="which images (default: test)"
    )
    parser.add_argument(
        "--samples",
        type=int,
        default=0,
        metavar="K",
        help="also the importance-sampled log p(x) with K draws per image; 500 is usual (default: 0, without)",
    )
    parser.add_argument(
        "--images", type=int, default=1000, metavar="N", help="how many images to compute that for (default: 1000)"
    )
    parser.add_argument(
        "--inception",
        metavar="FILE",
        help="compare samples in Inception-v3's features too; FILE holds Keras's weights without the top",
    )
    add_seed(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Evaluate and print."""
    run = open_run(arguments)
    from latente.evaluation import evaluate

    metrics = evaluate(
        run,
        arguments.split,
        arguments.data_dir,
        arguments.seed,
        arguments.samples,
        images=arguments.images,
        inception=arguments.inception,
        progress=True,
    )
    if arguments.json:
        print(json.dumps(metrics, indent=2))
    else:
        elbo = metrics["elbo"]
        _print_table(f"{run.name}: {elbo['n']:,} {elbo['split']} images, epoch {elbo['epoch']}", metrics)


def _print_table(title: str, metrics: dict[str, dict[str, Any]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("unit (controls)")
    group = ""
    for name, metric in metrics.items():
        if metric["group"] != group:
            group = metric["group"]
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        value, controls = metric["value"], metric.get("controls", {})
        notes = metric["unit"] + "".join(f" ({what} {_text(figure)})" for what, figure in controls.items())
        if isinstance(value, list):
            notes, value = f"{metric['unit']}: {_listed(value)}", ""
        table.add_row(f" {name}".replace("[", r"\["), value if value == "" else _text(value), notes)
    Console().print(table)


def _listed(values: list[float]) -> str:
    """The figures of a few latents; of many, how they are spread."""
    if len(values) <= MOST_LISTED:
        return " ".join(map(_text, values))
    return f"{len(values)} from {_text(min(values))} to {_text(max(values))}, median {_text(median(values))}"


def _text(value: float) -> str:
    """Two decimals, or three below 1."""
    return str(value) if isinstance(value, int) else f"{value:.3f}" if abs(value) < 1 else f"{value:,.2f}"
