"""Training speed side by side: Latente, pythae, a plain PyTorch loop and plain Keras on one model, data and machine.

Every repetition is a whole training in a process of its own; repetitions are interleaved, so that a slow minute of the
machine hits all stacks. See README.md for the method. A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import children
import lesson
import machine
import plots
import summary
import tables
from children import Journal, Json

VALIDATION_IMAGES = 5_000
# Epochs are chosen from the speed of the two-epoch runs; the margin keeps a faster repetition above the least time.
MARGIN = 1.15


@dataclass(frozen=True)
class Row:
    """One stack.

    Attributes:
        name: As the tables call it.
        environment: Its requirements file and virtual environment.
        program: Its file in ``peers/``.
        precision: Asked of Latente; the others compute in float32 by themselves.
    """

    name: str
    environment: str
    program: str
    precision: str | None = None


ROWS = (
    Row("Latente", "latente", "latente_run", "auto"),
    Row("Latente, float32", "latente", "latente_run", "float32"),
    Row("pythae", "pythae", "pythae_run"),
    Row("PyTorch loop", "torch", "torch_run"),
    Row("Keras", "keras", "keras_run"),
)
PEAKS = {"tensorflow": "keras", "torch": "torch"}


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        rounds: Repetitions of each stack.
        seconds: Least duration of a repetition.
        seeds: Two-epoch runs of each stack for the check of the ELBO.
        images: Training images.
    """

    rounds: int
    seconds: float
    seeds: int
    images: int


QUICK = Plan(rounds=2, seconds=2.0, seeds=2, images=512)


def main() -> int:
    """Measure, write ``results/speed.json`` and ``speed.png``, print the tables; 1 if a check failed."""
    arguments = parse()
    plan = QUICK if arguments.quick else Plan(arguments.rounds, arguments.seconds, arguments.seeds, 55_000)
    name = "quick-speed" if arguments.quick else "speed"
    settings = {
        "code": machine.code(),
        "machine": machine.describe(),
        "seconds": plan.seconds,
        "images": plan.images,
    }
    children.export_data(arguments.data_dir)
    journal = Journal(children.RESULTS / f"{name}.jsonl", settings)

    agreement = [
        train(journal, plan, arguments.data_dir, row, kind="agreement", number=seed, epochs=2)
        for seed in range(plan.seeds)
        for row in ROWS
    ]
    epochs = {row.name: epochs_for(plan, [run for run in agreement if run["row"] == row.name]) for row in ROWS}
    peaks, runs = [], []
    for number in range(plan.rounds):
        for stack, environment in PEAKS.items():
            key = {"kind": "peak", "stack": stack, "number": number}
            peaks.append(journal.measure(key, environment, f"peak_{stack}"))
        for row in ROWS:
            runs.append(
                train(
                    journal,
                    plan,
                    arguments.data_dir,
                    row,
                    kind="speed",
                    number=number,
                    epochs=epochs[row.name],
                )
            )

    flops = lesson.TRAINING_FLOPS + lesson.FORWARD_FLOPS * VALIDATION_IMAGES / plan.images
    result = {**settings, **summary.summarize(agreement, runs, peaks, flops)}
    children.write_json(children.RESULTS / f"{name}.json", result)
    plots.speed(result, children.RESULTS / f"{name}.png")
    print(tables.speed(result))
    return report_failures(summary.failures(result, lesson.PARAMETERS, plan.seconds))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=children.DATA_DIR, help="folder of the data sets")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each stack (default: 5)")
    parser.add_argument("--seconds", type=float, default=30.0, help="least duration of each (default: 30)")
    parser.add_argument("--seeds", type=int, default=3, help="two-epoch runs for the check of the ELBO (default: 3)")
    parser.add_argument("--quick", action="store_true", help="a smoke run of 2 s each; its figures mean nothing")
    return parser.parse_args()


def train(journal: Journal, plan: Plan, data_dir: Path, row: Row, *, kind: str, number: int, epochs: int) -> Json:
    """One training of one stack; its number is also its seed."""
    options: dict[str, Any] = {"data": children.DATA, "epochs": epochs, "seed": number, "images": plan.images}
    if row.precision:
        options |= {"data-dir": data_dir.resolve(), "precision": row.precision}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    key = {"kind": kind, "row": row.name, "number": number, "epochs": epochs}
    return journal.measure(key, row.environment, row.program, *words)


def epochs_for(plan: Plan, runs: list[Json]) -> int:
    """How many epochs take at least the seconds of the plan, by the fastest of some runs."""
    fastest = max(run["images_per_second"] for run in runs)
    return math.ceil(MARGIN * plan.seconds * fastest / plan.images)


def report_failures(failures: list[str]) -> int:
    """Say what is wrong with the measurement; the exit status."""
    for failure in failures:
        print(f"CHECK FAILED: {failure}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
