"""The diagnosis of a run: of its model, by its data, its log and its config."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from latente.data import Dataset, Split, binarize
from latente.data.dataset import evenly
from latente.errors import UserError
from latente.evaluation.diagnosis.finding import Diagnosis
from latente.evaluation.diagnosis.history import History
from latente.evaluation.diagnosis.measurements import MOST_IMAGES, Measurements
from latente.evaluation.diagnosis.verdict import verdict
from latente.evaluation.foreign import checked_images
from latente.language import text
from latente.model.vae import VAE
from latente.seeds import drawing
from latente.training.labels import labels_of
from latente.training.run import Run


class Undiagnosed(UserError):
    """The latents are of a kind that the diagnosis does not know."""


def diagnose_run(run: Run | str | Path, data_dir: str | None = None, seed: int = 0) -> Diagnosis:
    """Diagnose a run: its best model on test and train images, its log and its config.

    Writes the verdict and the findings to the run's ``metrics.json``, under ``diagnosis``. A run that stopped early
    or diverged is diagnosed by the last good checkpoint.

    Args:
        run: The run or its directory.
        data_dir: Where the data files are now, when not where they were.
        seed: Seed of every draw.

    Raises:
        UserError: The run has no model yet, or its data are not there.
        Undiagnosed: The posterior or the prior is of a kind that the diagnosis does not know.
    """
    run = run if isinstance(run, Run) else Run(run)
    vae, dataset = run.model(), run.data(data_dir)
    if not vae.standard:
        raise Undiagnosed(
            text(
                "diagnose knows the posterior DiagonalGaussian with the prior StandardNormal. Received {posterior} "
                "with {prior}: latente evaluate measures any model.",
                posterior=type(vae.posterior).__name__,
                prior=type(vae.prior).__name__,
            )
        )
    beta = vae.objective.kl_weight
    # The best epoch is chosen by the ELBO, which an autoencoder does not train: its best is its first.
    if beta == 0:
        vae = run.model("last")
    rng = drawing(seed, "rows")
    (images, labels), (train_images, train_labels) = (
        _some(vae, dataset, split, rng) for split in (dataset.test, dataset.train)
    )
    measurements = Measurements(
        vae,
        images,
        train_images=train_images,
        history=History(
            log=run.log,
            beta=beta,
            epochs=run.config["training"]["epochs"] if not run.config["training"]["patience"] else None,
            steps=len(run.log) * math.ceil(len(dataset.train) / run.config["training"]["batch_size"]),
        ),
        seed=seed,
        labels=(labels, train_labels),
    )
    found = verdict(measurements)
    protocol = {"split": "test", "n": len(measurements.images), "seed": seed, "epoch": run.epoch_of(vae)["epoch"]}
    findings = found.to_json()["findings"]
    run.add_metrics({"diagnosis": {"value": found.healthy, "unit": "healthy", **protocol, "findings": findings}})
    return found


def _some(vae: VAE, dataset: Dataset, split: Split, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray | None]:
    """The images of a split that are looked at, and their labels where the model is conditional."""
    rows = evenly(len(split), MOST_IMAGES)
    images = np.asarray(split.images[rows])
    if dataset.binarize == "dynamic":
        images = binarize(images, rng)
    return checked_images(images, f"The images of {dataset.name}"), labels_of(vae, split, rows)
