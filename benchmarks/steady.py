"""Whether training computes all the time: runs of three minutes, watched for moments in which nothing is computed.

Short epochs make many beginnings and ends, where an earlier feed now and then stood still. A stopped run goes on where
it was.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import children
import machine
import tables
from children import Journal
from summary import spread

IMAGES = 12_800


def main() -> None:
    """Measure in interleaved rounds, write ``results/steady.json``, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=children.DATA_DIR, help="folder of the data sets")
    parser.add_argument("--rounds", type=int, default=5, help="runs (default: 5)")
    parser.add_argument("--seconds", type=float, default=180.0, help="least duration of each (default: 180)")
    arguments = parser.parse_args()
    settings = {
        "code": machine.code(),
        "machine": machine.describe(),
        "seconds": arguments.seconds,
        "images": IMAGES,
    }
    journal = Journal(children.RESULTS / "steady.jsonl", settings)
    asked = {"data-dir": arguments.data_dir.resolve(), "seconds": arguments.seconds, "images": IMAGES}
    words = [word for name, value in asked.items() for word in (f"--{name}", value)]
    runs = [
        journal.measure({"feed": "Latente", "number": number}, "latente", "steady_run", *words)
        for number in range(arguments.rounds)
    ]
    result = {
        **settings,
        "foreign_cores": spread(run["foreign_cores"] for run in runs),
        "runs": runs,
    }
    children.write_json(children.RESULTS / "steady.json", result)
    print(tables.steady(result))


if __name__ == "__main__":
    main()
