"""How Latente's training speed and memory change as images, batches and pictures grow.

A few hundred steps of ``latente.train`` for each point, in a process of its own; validation and checkpoints between
epochs do not count. A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import children
import machine
import numpy as np
import plots
import tables
from children import Journal
from summary import spread

# Training images seen at each point: 300 steps of 128, fewer of larger pictures.
BUDGET = 38_400
QUICK_BUDGET = 512
RANDOM_IMAGES = 10_000


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        sweep: What grows.
        value: To what.
        source: Data set, or the side of random images.
        subset: Images to train on; 0 takes all.
        batch: Images in a batch.
    """

    sweep: str
    value: int
    source: str | int
    subset: int = 0
    batch: int = 128

    @property
    def budget_share(self) -> float:
        """Larger pictures are seen less often."""
        return 28 / (64 if self.source == "shapes" else self.source)


POINTS = (
    *(Point("images of 64x64", n, "shapes", subset=n) for n in (1_000, 10_000, 60_000, 250_000)),
    Point("images of 64x64", 737_280, "shapes"),
    *(Point("batch size, 28x28", batch, 28, batch=batch) for batch in (32, 64, 128, 256, 512, 1024)),
    *(Point("height and width", side, side) for side in (28, 64, 128)),
)


def main() -> None:
    """Measure, write ``results/growth.json`` and ``growth.png``, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="repetitions of each point (default: 3)")
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few steps; its figures mean nothing")
    arguments = parser.parse_args()
    budget = QUICK_BUDGET if arguments.quick else BUDGET
    name = "quick-growth" if arguments.quick else "growth"
    settings = {"code": machine.code(), "machine": machine.describe(), "budget": budget}
    journal = Journal(children.RESULTS / f"{name}.jsonl", settings)
    runs = [
        (point, measure(journal, point, number, budget))
        for number in range(1 if arguments.quick else arguments.rounds)
        for point in POINTS
    ]
    result = {
        **settings,
        "foreign_cores": spread(run["foreign_cores"] for _, run in runs),
        "points": [
            {
                "sweep": point.sweep,
                "value": point.value,
                **{
                    measured: spread(run[measured] for other, run in runs if other == point)
                    for measured in ("images_per_second", "peak_rss_mib")
                },
            }
            for point in POINTS
        ],
    }
    children.write_json(children.RESULTS / f"{name}.json", result)
    plots.growth(result, children.RESULTS / f"{name}.png")
    print(tables.growth(result))


def measure(journal: Journal, point: Point, number: int, budget: int) -> children.Json:
    """One run of one point."""
    source = point.source if isinstance(point.source, str) else random_images(point.source)
    key = {"sweep": point.sweep, "value": point.value, "number": number}
    images = max(2 * point.batch, round(budget * point.budget_share))
    options = {"source": source, "subset": point.subset, "batch": point.batch, "images": images}
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    return journal.measure(key, "latente", "growth_run", *words)


def random_images(side: int) -> str:
    """The source of random images of one side, written once."""
    path = children.WORK / f"random-{side}.npy"
    if not path.exists():
        children.WORK.mkdir(exist_ok=True)
        temporary = path.with_name("writing.npy")
        np.save(temporary, np.random.default_rng(0).integers(0, 256, (RANDOM_IMAGES, side, side, 1), np.uint8))
        temporary.replace(path)
    return f"npy:{path}"


if __name__ == "__main__":
    main()
