"""How long commands take to start: Latente's against the import of Keras with the same backend."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import children
import environments
import machine
import plots
import tables
from summary import spread


def main() -> None:
    """Measure in interleaved rounds, write ``results/startup.json`` and ``.png``, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each command (default: 5)")
    arguments = parser.parse_args()
    python = environments.python("latente")
    latente = python.with_name("latente")
    neighbours = machine.Neighbours()
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder) / "run"
        timed(latente, "train", "digits", "--epochs", "1", "--quiet", "--run-dir", run_dir)
        commands = {
            "`import keras`": (python, "-c", "import keras"),
            "`latente --help`": (latente, "--help"),
            "`latente sample RUN -n 64`": (latente, "sample", run_dir, "-n", "64"),
        }
        rounds = [{name: timed(*words) for name, words in commands.items()} for _ in range(arguments.rounds)]
    result = {
        "code": machine.code(),
        "machine": machine.describe(),
        "foreign_cores": spread([neighbours.cores()]),
        "seconds": {name: spread(times[name] for times in rounds) for name in commands},
        "sample_beyond_keras": spread(
            times["`latente sample RUN -n 64`"] - times["`import keras`"] for times in rounds
        ),
    }
    children.write_json(children.RESULTS / "startup.json", result)
    plots.startup(result, children.RESULTS / "startup.png")
    print(tables.startup(result))


def timed(*command: Any) -> float:
    """Seconds that a command takes; its output is held back, and shown if it fails."""
    start = time.perf_counter()
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, env={**os.environ, "KERAS_BACKEND": "tensorflow"}
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{done.stderr}")
    return seconds


if __name__ == "__main__":
    main()
