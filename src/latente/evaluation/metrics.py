"""The figures of a run, each with its protocol."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from latente.data import binarize
from latente.evaluation.bounds import evidence
from latente.training.run import Run

Metrics = dict[str, dict[str, Any]]


def evaluate(
    run: Run | str | Path,
    split: Literal["test", "validation", "train"] = "test",
    data_dir: str | None = None,
    seed: int = 0,
) -> Metrics:
    """Evaluate a run on a whole split and write the figures to its ``metrics.json`` (``elbo@train`` but for the test).

    Args:
        run: The run or its directory.
        split: Which images.
        data_dir: Where the data files are now, when not where they were.
        seed: Seed of the draws of z, and of the pixels when the data are binarized dynamically.

    Returns:
        By name, an object with ``value``, ``unit`` and the protocol. Values of the whole split are in nats per image:
        ``elbo`` = -(``reconstruction`` + ``kl``) at beta = 1, with one draw of z per image, and its standard error.

    Raises:
        UserError: The run has no model yet, or its data are not there.
    """
    run = run if isinstance(run, Run) else Run(run)
    dataset = run.data(data_dir)
    images = dataset.splits[split].images
    if dataset.binarize == "dynamic":
        images = binarize(np.asarray(images[:]), np.random.default_rng(seed))
    found = evidence(run.model(), images, seed)
    kl = found.kl.mean(axis=0)
    protocol = {
        "split": split,
        "n": len(images),
        "z_samples": 1,
        "seed": seed,
        "likelihood": run.config["likelihood"]["name"],
        "binarization": dataset.binarize,
        "epoch": run.best_epoch["epoch"],
    }
    values: dict[str, tuple[Any, str]] = {
        "elbo": (float(found.elbo.mean()), "nats"),
        "elbo_standard_error": (float(found.elbo.std() / np.sqrt(len(images))), "nats"),
        "reconstruction": (float(found.reconstruction.mean()), "nats"),
        "kl": (float(kl.sum()), "nats"),
        "active_units": (int(found.active.sum()), f"of {len(kl)} latents"),
        "kl_per_dimension": (kl.tolist(), "nats"),
        "z_mean_std": (found.mean.std(axis=0).tolist(), "per latent"),
    }
    metrics = {name: {"value": value, "unit": unit, **protocol} for name, (value, unit) in values.items()}
    run.add_metrics({name if split == "test" else f"{name}@{split}": metric for name, metric in metrics.items()})
    return metrics
