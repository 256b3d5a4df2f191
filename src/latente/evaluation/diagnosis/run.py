"""A Latente run as a patient: its model, its data, its log and its config."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from keras import ops

from latente.backend import multiplying
from latente.data import Dataset, Split, binarize
from latente.errors import UserError
from latente.evaluation.diagnosis.finding import Diagnosis
from latente.evaluation.diagnosis.inputs import BATCH, NOISE, Array, Noise, Patient, Training, checked_images
from latente.evaluation.diagnosis.measurements import MOST_IMAGES, Measurements
from latente.evaluation.diagnosis.silence import Silence, watch
from latente.evaluation.diagnosis.verdict import verdict
from latente.language import text
from latente.model.likelihoods import Bernoulli, Likelihood, LocationScale
from latente.model.posteriors import DiagonalGaussian
from latente.model.priors.standard_normal import StandardNormal
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
    if not (isinstance(vae.posterior, DiagonalGaussian) and isinstance(vae.prior, StandardNormal)):
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
    measured = Measurements(
        patient_of(vae, labels_of(vae, dataset.test, _rows(dataset.test))),
        _some(dataset, dataset.test, rng),
        train_images=_some(dataset, dataset.train, rng),
        training=Training(
            log=run.log,
            beta=beta,
            epochs=run.config["training"]["epochs"] if not run.config["training"]["patience"] else None,
            steps=len(run.log) * math.ceil(len(dataset.train) / run.config["training"]["batch_size"]),
        ),
        seed=seed,
        train_patient=patient_of(vae, labels_of(vae, dataset.train, _rows(dataset.train))),
    )
    found = verdict(measured)
    protocol = {"split": "test", "n": len(measured.images), "seed": seed, "epoch": run.epoch_of(vae)["epoch"]}
    findings = found.to_json()["findings"]
    run.add_metrics({"diagnosis": {"value": found.healthy, "unit": "healthy", **protocol, "findings": findings}})
    return found


def patient_of(vae: VAE, labels: Array | None = None) -> Patient:
    """A Latente model in terms of images in [0, 1], with its own likelihood, constants and learned scales included.

    Args:
        vae: The model.
        labels: Of a conditional model, the labels ``(n,)`` of the images that it will be asked about: all of them, in
            their order, or one code for each.
    """

    def encode(images: Array) -> tuple[Array, Array]:
        q = vae.posterior_parameters(images, labels)
        return q["z_mean"].astype("float64"), q["z_log_var"].astype("float64")

    @multiplying("float32")
    def reconstruction(images: Array, codes: Array) -> Array:
        parts = []
        for i in range(0, len(images), BATCH):
            x = ops.convert_to_tensor(images[i : i + BATCH].astype("float32"))
            y = None if labels is None else labels[i : i + BATCH]
            parameters = vae.generative(ops.convert_to_tensor(codes[i : i + BATCH].astype("float32")), labels=y)
            parts.append(ops.convert_to_numpy(-vae.likelihood.log_prob(x, parameters)))
        return np.concatenate(parts).astype("float64")

    def decode(codes: Array) -> Array:
        return vae.decode(codes, labels)

    def watched(codes: Array) -> Silence | None:
        rows = [slice(i, i + BATCH) for i in range(0, len(codes), BATCH)]
        classes = None if labels is None else np.resize(labels, len(codes))  # in turn: there are more codes than images
        given = ((codes[part].astype("float32"), None if classes is None else classes[part]) for part in rows)
        return watch(vae.decoder, (vae.joined(ops.convert_to_tensor(z), y) for z, y in given))

    name, noise = type(vae.likelihood).__name__, _noise(vae.likelihood)
    return Patient(encode, decode, reconstruction, name, noise, watched=watched)


def _noise(likelihood: Likelihood) -> Noise | None:
    if isinstance(likelihood, Bernoulli):
        return NOISE["Bernoulli"]
    if isinstance(likelihood, LocationScale) and likelihood.scale == "fixed":
        return lambda means: likelihood.std**2
    return None  # learned: what the model's own errors are


def _rows(split: Split) -> Array:
    """Which images of a split are looked at."""
    return np.linspace(0, len(split) - 1, min(len(split), MOST_IMAGES)).round().astype(int)


def _some(dataset: Dataset, split: Split, rng: np.random.Generator) -> Array:
    images = np.asarray(split.images[_rows(split)])
    if dataset.binarize == "dynamic":
        images = binarize(images, rng)
    return checked_images(images, f"The images of {dataset.name}")
