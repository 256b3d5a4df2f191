"""``latente demo``."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from latente.backend import import_keras

TRAINING = ("--epochs", "30", "--batch-size", "16", "--lr", "0.002", "--latent-dim", "6")
# Eight by eight pixels say little in nats: under the lesson's cross-entropy most latents would not be worth their KL.
LIKELIHOOD = ("--likelihood", "Gaussian", "--likelihood.std", "0.2")

HELP = "the whole way on the bundled digits, offline, in about a minute"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--run-dir", metavar="DIR", help="run directory to make (default: runs/digits-TIME)")


def run(arguments: argparse.Namespace) -> None:
    """Run the commands that a person would, and show them."""
    import_keras()
    from latente.training.trainer import default_path

    run_dir = arguments.run_dir or str(default_path("digits"))
    for command in (
        ["train", "digits", "--run-dir", run_dir, *TRAINING, *LIKELIHOOD],
        ["sample", run_dir],
        ["reconstruct", run_dir],
        ["interpolate", run_dir, "--from", "0", "--to", "1"],
        ["traverse", run_dir],
        ["map", run_dir],
        ["evaluate", run_dir],
        ["report", run_dir],
    ):
        print(f"\n$ latente {' '.join(command)}", flush=True)
        if code := arguments.main(command):
            raise SystemExit(code)
    activate = Path(sys.prefix, "bin", "activate")
    if shutil.which("latente") is None and activate.exists():
        print(f"\nTo type latente alone: source {os.path.relpath(activate)}")
    print(f"\nGo on with latente serve {run_dir}, or with the lesson: latente train fashion-mnist")
    print(f"\nThe pictures are in {run_dir}/figures, the report is {run_dir}/report.html.")
