"""Trains the network of Burda et al. (2016) with Latente, and prints its bounds on the test set."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import latente
from latente.training.config import resolve
from latente.training.sweep import ensure_trained


def main() -> None:
    """Train or go on, evaluate, print the result line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--run", type=Path, required=True, help="run directory")
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True)
    parser.add_argument("--samples", type=int, required=True)
    arguments = parser.parse_args()
    config = resolve(
        {
            "data": {"name": "mnist", "data_dir": arguments.data_dir, "binarize": "dynamic"},
            "network": {"name": "Dense", "hidden": (200, 200), "activation": "tanh"},
            "latent_dim": 50,
            "epochs": arguments.epochs,
            "batch_size": arguments.batch_size,
            "precision": "float32",
            "training.pictures_every": 0,
        }
    )
    run = ensure_trained(config, arguments.run, progress=True, loaded={})
    metrics = latente.evaluate(run, samples=arguments.samples, images=run.environment["images"]["test"])
    shown = ("elbo", "reconstruction", "kl", "log_likelihood", "log_likelihood_standard_error", "active_units")
    seconds = sum(entry["seconds"] for entry in run.log)
    line = {
        "epochs": len(run.log),
        "best_epoch": run.best_epoch["epoch"],
        "batch_size": arguments.batch_size,
        "train_images": run.environment["images"]["train"],
        "training_seconds": seconds,
        "metrics": {name: metrics[name] for name in shown if name in metrics},
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
