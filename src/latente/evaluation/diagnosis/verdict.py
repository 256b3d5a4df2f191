"""From measurements to a diagnosis, and the way in for any VAE."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from latente.discovery import import_all, import_plugins
from latente.errors import UserError
from latente.evaluation.diagnosis import checks
from latente.evaluation.diagnosis.checks.training import broken
from latente.evaluation.diagnosis.finding import Diagnosis, Figures
from latente.evaluation.diagnosis.history import History
from latente.evaluation.diagnosis.measurements import Measurements
from latente.evaluation.foreign import ForeignModel, Likelihood, NotFinite, Scale, checked_images
from latente.language import text
from latente.model.arrays import Array
from latente.model.collapse import COLLAPSED_KL
from latente.model.latent_statistics import ACTIVE_VARIANCE

import_all(checks.__name__)
import_plugins("latente.diagnosis")


def diagnose(
    encode: Callable[[Array], Any],
    decode: Callable[[Array], Any],
    images: Any,
    *,
    likelihood: str | Likelihood = "Bernoulli",
    samples: Any = None,
    train_images: Any = None,
    log: Sequence[Mapping[str, Any]] = (),
    loss: float | None = None,
    objective_beta: float | None = None,
    seed: int = 0,
) -> Diagnosis:
    """Diagnose any VAE with a diagonal Gaussian posterior and the prior N(0, I), written with whatever library.

    Args:
        encode: Takes images, float32 ``(n, H, W, C)`` in [0, 1] (or in the range of ``images``), gives the pair
            (mean, log_var), each ``(n, d)``: arrays or tensors.
        decode: Takes codes, float32 ``(n, d)``, gives the mean images ``(n, H, W, C)`` in the same range.
        images: Held-out real images ``(n, H, W, C)``, uint8 or floats; at least a few hundred are worth giving, and
            2,000 of them are looked at.
        likelihood: ``"Bernoulli"`` (binary cross-entropy), ``"Gaussian"`` (half the squared error), or a function of
            images and mean images, both in [0, 1], that gives -log p(x given z) in nats, ``(n,)``.
        samples: Images that are said to be prior samples, ``(m, H, W, C)``, or None.
        train_images: Images that it was trained on, for the gap between the two ELBOs, or None.
        log: One mapping per epoch, with ``loss``, and ``val_elbo`` and ``val_kl`` (or ``elbo`` and ``kl``) if known.
        loss: The mean loss that the training reported, to see how it was averaged.
        objective_beta: The weight of the KL that was meant; 1 if not given.
        seed: Seed of every draw: two calls agree.

    Returns:
        The verdict with its evidence; ``print`` it, and ``save`` its picture.

    Raises:
        UserError: An array has the wrong shape, the images are not finite, or the likelihood is unknown.
    """
    given = checked_images(images, "images")
    scale = Scale.of(given)
    if given.min() == given.max():
        raise UserError(f"images must show something. Received {len(given)} images of the one value {given.max():g}.")
    shape = given.shape[1:]

    def in_unit(value: Any, name: str) -> Array | None:
        return None if value is None else scale.to_unit(checked_images(value, name, shape))

    train_images, samples = in_unit(train_images, "train_images"), in_unit(samples, "samples")
    return verdict(
        Measurements(
            ForeignModel(encode, decode, shape, likelihood, scale),
            scale.to_unit(given),
            train_images=train_images,
            samples=samples,
            history=History(log=list(log), loss=loss, beta=objective_beta),
            seed=seed,
            scale=scale,
        )
    )


def verdict(measurements: Measurements) -> Diagnosis:
    """Apply every check; the sick findings come first."""
    try:
        found = [finding for check in checks.CHECKS if (finding := check(measurements)) is not None]
    except NotFinite as error:  # nothing else can be measured
        return Diagnosis((broken(error.args[0]),), {"elbo": None}, _plots_of_log(measurements))
    found.sort(key=lambda finding: finding.severity != "sick")
    return Diagnosis(tuple(found), _figures(measurements), _plots(measurements))


def _figures(measurements: Measurements) -> Figures:
    """What a reader wants to see of any model, healthy or sick; nats per image, the latents sorted by their KL."""
    beta, order = measurements.effective_beta, np.argsort(-measurements.kl_per_dimension)
    return {
        "elbo": measurements.elbo,
        "train_elbo": None if measurements.train_elbos is None else float(measurements.train_elbos.mean()),
        "reconstruction": measurements.reconstruction,
        "kl": measurements.kl,
        "active_units": measurements.active,
        "latent_dim": measurements.latent_dim,
        "kl_per_dimension": measurements.kl_per_dimension[order],
        "z_mean_std": measurements.mean.std(axis=0)[order],
        "effective_beta": beta.value if beta else None,
        "effective_beta_standard_error": beta.standard_error if beta else None,
        "unexplained": measurements.unexplained,
        "unexplained_by_linear_vae": measurements.unexplained_by_linear,
        "sharpness": measurements.sharpness,
        "silent_decoder_units": None if measurements.silence is None else measurements.silence.share,
        "prior_precision": None if measurements.unusable else measurements.prior_match.precision,
        "prior_coverage": None if measurements.unusable else measurements.prior_match.coverage,
    }


def _plots(measurements: Measurements) -> dict[str, Any]:
    plots = _plots_of_log(measurements)
    rows = {
        **plots["images"],
        text("their reconstructions"): measurements.reconstructions,
        text("decoded from N(0, I)"): measurements.prior_images,
    }
    if measurements.samples is not None:
        rows[text("the samples given")] = measurements.samples
    return {
        **plots,
        "images": {name: np.clip(images[:12], 0, 1) for name, images in rows.items()},
        "latents": {
            text("KL of each latent (nats)"): (measurements.kl_per_dimension, COLLAPSED_KL),
            text("std of its posterior mean"): (measurements.mean.std(axis=0), float(np.sqrt(ACTIVE_VARIANCE))),
        },
    }


def _plots_of_log(measurements: Measurements) -> dict[str, Any]:
    """What can be drawn without asking the model anything."""
    log = measurements.history.log
    names = [name for name in ("elbo", "val_elbo", "kl", "val_kl") if log and all(name in entry for entry in log)]
    if not names and log and all("loss" in entry for entry in log):
        names = ["loss"]
    return {
        "images": {text("held-out images"): measurements.images[:12]},
        "curves": {name: [entry[name] for entry in log] for name in names},
    }
