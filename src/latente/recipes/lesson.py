"""Exercises 1 to 3 of the lesson and its homework: train, sample, interpolate."""

from __future__ import annotations

import numpy as np

from latente.evaluation import Diagnosis, diagnose_run
from latente.evaluation.acceptance import Acceptance, recognizable, smooth
from latente.language import text, tr, translation_of
from latente.recipes.experiment import Experiment, PlannedRun
from latente.recipes.recipe import recipe
from latente.report import pictures
from latente.training.run import Run

QUICK = {"epochs": 3, "data.subset": 15_000}

MNIST = PlannedRun("mnist", "mnist", {"epochs": 15}, QUICK)
HOMEWORK = PlannedRun("homework", "fashion-mnist", {"latent_dim": 10, "epochs": 30}, QUICK)


@recipe("exercise-1", MNIST)
def basic(experiment: Experiment) -> None:
    """A basic VAE on MNIST: encoder, sampling layer, decoder, reconstruction + KL.

    The encoder gives z_mean and z_log_var, z is drawn from them with the reparameterization trick, the decoder gives
    one logit per pixel, and the loss is binary cross-entropy summed over pixels plus KL summed over latents.

    It worked if the model is healthy by its own diagnosis, and tells more of the digits than a linear model can.
    """
    run = experiment.run(MNIST)
    vae, dataset = run.model(), run.data()
    found = diagnose_run(run)
    experiment.show(text("Reconstructions"), pictures.reconstruction_figure(vae, dataset, run))
    experiment.show(text("Latent map"), pictures.map_figure(vae, dataset, run))
    first, best = run.log[0], run.best_epoch
    experiment.conclude(
        tr("Training improved the bound on images that it had not seen."),
        best["val_elbo"] > first["val_elbo"] or len(run.log) == 1,
        tr(
            "validation ELBO {first:.1f} after epoch 1, {best:.1f} after epoch {epoch}",
            first=first["val_elbo"],
            best=best["val_elbo"],
            epoch=best["epoch"],
        ),
    )
    experiment.conclude(
        tr("The model is healthy."),
        found.healthy,
        tr(
            "ELBO {elbo:.1f} nats, {active_units} of {latent_dim} latents active; findings: {names}",
            **found.figures,
            names=named(found),
        ),
    )


@recipe("exercise-2", MNIST)
def sampling(experiment: Experiment) -> None:
    """100 images from the prior: z ~ N(0, I) through the decoder.

    A VAE generates by drawing z from the prior, not by encoding anything. Whether the images are digits is not left to
    the eye: a classifier of real digits looks at them, and at noise and cross-fades, which it must not take for any.
    """
    run = experiment.run(MNIST)
    images = run.model().sample(100, seed=0)
    experiment.show(text("100 samples from the prior"), pictures.sample_figure(images, run, temperature=1, seed=0))
    _accept(experiment, tr("The samples are recognizable digits."), recognizable(experiment.metrics(run)))


@recipe("exercise-3", MNIST)
def interpolation(experiment: Experiment) -> None:
    """10 images on the line between the codes of two others.

    Two images are encoded, and ten points on the line between their codes decoded. Below is the cross-fade of their
    pixels: smooth as well, but its middle shows two ghosts instead of one digit.
    """
    run = experiment.run(MNIST)
    _interpolate(experiment, run)


@recipe("homework", HOMEWORK)
def homework(experiment: Experiment) -> None:
    """A convolutional VAE with 10 latents on Fashion-MNIST, 30 epochs: 64 samples, one path.

    The lesson accepts the homework if the samples are recognizable as garments, though blurred, and the interpolation
    is smooth. Both are decided by rules with stated thresholds, which noise and cross-fades fail.
    """
    run = experiment.run(HOMEWORK)
    vae = run.model()
    experiment.show(text("64 samples from the prior"), pictures.sample_figure(vae.sample(64, seed=0), run, 1, 0))
    _accept(experiment, tr("The samples are recognizable as garments."), recognizable(experiment.metrics(run)))
    _interpolate(experiment, run)
    found = diagnose_run(run)
    experiment.conclude(
        tr("The model did not collapse."),
        not collapsed(found),
        tr(
            "{active} of {latents} latents active; standard deviations of z_mean {spread}; findings: {names}",
            active=found.figures["active_units"],
            latents=found.figures["latent_dim"],
            spread=np.round(found.figures["z_mean_std"], 2).tolist(),
            names=named(found),
        ),
    )


def _interpolate(experiment: Experiment, run: Run) -> None:
    vae, dataset = run.model(), run.data()
    first, second = pictures.two_unlike(dataset.test)
    start, end = np.asarray(dataset.test.images[[first, second]])
    path = vae.interpolate(start, end, steps=10)
    title = pictures.path_title(vae, run, first, second)
    experiment.show(text("Interpolation"), pictures.interpolation_figure(path, start, end, title))
    _accept(experiment, tr("The interpolation is smooth."), smooth(experiment.metrics(run)))


def _accept(experiment: Experiment, claim: str, found: Acceptance) -> None:
    passing = ", ".join(translation_of(name) for name, met in found.controls.items() if met)
    experiment.conclude(claim, found.met, found.evidence)
    experiment.conclude(
        tr("The rule can tell: noise and a cross-fade of pixels fail it."),
        not passing,
        tr("passed by {names}", names=passing) if passing else tr("both fail"),
    )


def collapsed(found: Diagnosis) -> bool:
    """Whether latents are dead at a cost, some or all of them."""
    return bool({"partial-collapse", "posterior-collapse"} & set(found.names))


def named(found: Diagnosis) -> str:
    """The names of what a diagnosis found."""
    return ", ".join(found.names) or tr("none")
