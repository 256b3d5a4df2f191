"""What a step of training costs beside its mathematics: by Keras's own ``fit``, by Latente, and in a bare loop."""

from __future__ import annotations

import argparse

import children
import machine
import tables
from summary import spread

ENVIRONMENTS = {"tensorflow": "latente", "jax": "jax", "torch": "latente-torch"}
STEPS = {"tiny": 400, "lesson": 12}


def main() -> None:
    """Measure, write ``results/loop.json``, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="repetitions (default: 7)")
    parser.add_argument("--backends", nargs="+", choices=ENVIRONMENTS, default=list(ENVIRONMENTS))
    arguments = parser.parse_args()
    rows = {}
    for name in arguments.backends:
        for model, steps in STEPS.items():
            words = ["--model", model, "--steps", steps, "--rounds", arguments.rounds]
            found = children.run(ENVIRONMENTS[name], "loop_run", *words, backend=name)
            rows[f"{name}, {model}"] = {
                "foreign_cores": found["foreign_cores"],
                "step_seconds": {each: spread(values) for each, values in found["step_seconds"].items()},
            }
    result = {
        "code": machine.code(),
        "machine": machine.describe(),
        "foreign_cores": spread(row["foreign_cores"] for row in rows.values()),
        "rows": rows,
    }
    children.write_json(children.RESULTS / "loop.json", result)
    print(tables.loop(result))


if __name__ == "__main__":
    main()
