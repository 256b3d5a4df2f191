"""Exercise 5 and the other rows of the lesson's table of errors: provoked, seen and cured."""

from __future__ import annotations

import numpy as np

from latente.evaluation import Diagnosis, diagnose, diagnose_run
from latente.figures import rows
from latente.figures.diagnosis import latent_bars
from latente.language import text, tr
from latente.recipes.experiment import Experiment, PlannedRun
from latente.recipes.lesson import HOMEWORK, collapsed, named
from latente.recipes.recipe import recipe
from latente.training.run import Run

SHORT = {"epochs": 3}
QUICK = {"epochs": 2, "data.subset": 20_000}
# ReLUs that such steps push below zero never come back; with SiLU the model is bad, but keeps its latents.
HOT = {"network.activation": "relu", "lr": 3e-2, **SHORT}
WARM_UP = {"objective.schedule": "linear", "objective.schedule_steps": 1500}
# Gradients through sigmoids shrink: for hundreds of steps this decoder cannot use a code.
SLOW = {
    "network": "Dense",
    "network.hidden": (256,) * 4,
    "network.activation": "sigmoid",
    "lr": 3e-3,
    "epochs": 8,
    "data.subset": 20_000,
}

COLLAPSED = PlannedRun("collapsed", "fashion-mnist", HOT, QUICK)
HOT_WARMED = PlannedRun("collapsed-warm-up", "fashion-mnist", HOT | WARM_UP, QUICK | {"objective.schedule_steps": 200})
COOLED = PlannedRun("collapsed-lr-1e-3", "fashion-mnist", {**HOT, "lr": 1e-3}, QUICK)
STARVED = PlannedRun("starved", "fashion-mnist", SLOW)
WARMED = PlannedRun("starved-warm-up", "fashion-mnist", SLOW | WARM_UP | {"objective.schedule_steps": 700})
ONE_MODE = PlannedRun("one-mode", "fashion-mnist", {"beta": 50, **SHORT}, QUICK)
SHARPER = PlannedRun("sharper", "fashion-mnist", {"latent_dim": 64, "beta": 0.5}, QUICK)
AUTOENCODER = PlannedRun("autoencoder", "fashion-mnist", {"objective": "Autoencoder", **SHORT}, QUICK)


@recipe("exercise-5", COLLAPSED, HOT_WARMED, COOLED, STARVED, WARMED)
def collapse(experiment: Experiment) -> None:
    """Posterior collapse provoked in two ways, seen and cured.

    With a learning rate of 3e-2 the first steps throw the encoder so far that it falls back on the prior: z_mean stops
    varying with the image, and the decoder draws one average garment. The lesson's cure, KL warm-up, and a lower
    learning rate are tried on it one at a time.

    Warm-up cures another collapse: that of a decoder so slow to learn (four layers of sigmoids) that the KL has closed
    every latent before the decoder could use one. Without the KL in its way it learns to, and some stay open.
    """
    hot = {text("lr 3e-2"): COLLAPSED, text("lr 3e-2, KL warm-up"): HOT_WARMED, text("lr 1e-3"): COOLED}
    slow = {text("four sigmoid layers"): STARVED, text("four sigmoid layers, KL warm-up"): WARMED}
    for cause, trainings in {text("A high learning rate"): hot, text("A slow decoder"): slow}.items():
        runs = {name: experiment.run(training) for name, training in trainings.items()}
        found = {name: diagnose_run(run) for name, run in runs.items()}
        (sick, before), *others = found.items()
        experiment.conclude(
            tr("{cause} makes the posterior collapse.", cause=cause),
            "posterior-collapse" in before.names,
            _latents(before),
        )
        for name, after in others:
            experiment.conclude(
                tr("Instead of {sick}: {name} cures it.", sick=sick, name=name),
                "posterior-collapse" not in after.names,
                _latents(after),
            )
        experiment.show(
            text("{cause}: what the latents do", cause=cause),
            latent_bars({name: each.plots["latents"] for name, each in found.items()}),
        )
        _side_by_side(experiment, runs, cause)


@recipe("one-mode", ONE_MODE, COOLED)
def one_mode(experiment: Experiment) -> None:
    """Samples of few modes: most latents dead, so that the prior says little.

    With beta = 50 a single latent or two survive, and samples are variations of a few average garments. The diagnosis
    names the partial collapse, a classifier counts the classes, and beta = 1 brings them back.
    """
    before, after = experiment.run(ONE_MODE), experiment.run(COOLED)
    sick = diagnose_run(before)
    experiment.conclude(
        tr("The diagnosis names the collapse."),
        collapsed(sick),
        _latents(sick),
    )
    spread = [experiment.metrics(run)["class_coverage[classifier]"]["value"] for run in (before, after)]
    experiment.conclude(
        tr("The samples show fewer classes than at beta = 1."),
        spread[0] < spread[1],
        tr(
            "entropy of their classes over log 10: {sick:.2f} at beta 50, {cured:.2f} at beta 1",
            sick=spread[0],
            cured=spread[1],
        ),
    )
    _side_by_side(experiment, {"beta 50": before, "beta 1": after})


@recipe("blur", HOMEWORK, SHARPER)
def blur(experiment: Experiment) -> None:
    """Blurred outputs: what the likelihood explains, and what detail costs.

    Binary cross-entropy pays for the average of all images that fit a code, and an average is soft. More latents and a
    smaller beta let a code say more, so that reconstructions sharpen, while the codes leave the prior and its samples
    suffer. The lesson is right that blur is inherent; how much of it is a choice.
    """
    runs = {
        text("{n} latents, beta {beta}", n=10, beta=1): experiment.run(HOMEWORK),
        text("{n} latents, beta {beta}", n=64, beta=0.5): experiment.run(SHARPER),
    }
    soft, sharp = (experiment.metrics(run) for run in runs.values())
    name = "reconstruction_sharpness"
    experiment.conclude(
        tr("Reconstructions are softer than real images."),
        soft[name]["value"] < 1,
        tr("{sharpness:.2f} of the sharpness of real images", sharpness=soft[name]["value"]),
    )
    experiment.conclude(
        tr("More latents and a smaller beta sharpen them."),
        sharp[name]["value"] > soft[name]["value"],
        tr("{sharp:.2f} instead of {soft:.2f}", sharp=sharp[name]["value"], soft=soft[name]["value"]),
    )
    experiment.conclude(
        tr("The samples pay for it: the codes lie farther from the prior."),
        sharp["marginal_kl"]["value"] > soft["marginal_kl"]["value"],
        tr(
            "KL(q(z), p(z)) {sharp:.1f} nats instead of {soft:.1f}",
            sharp=sharp["marginal_kl"]["value"],
            soft=soft["marginal_kl"]["value"],
        ),
    )
    _side_by_side(experiment, runs)


@recipe("beta-zero", AUTOENCODER)
def beta_zero(experiment: Experiment) -> None:
    """Beta = 0: an autoencoder, whose prior samples mean nothing.

    Without the KL term nothing ties the codes to N(0, I): the reconstructions are sharp, the KL is enormous, and what
    is decoded from the prior lies where no code ever was. The cure is any beta above 0.
    """
    run = experiment.run(AUTOENCODER)
    found = diagnose_run(run)
    experiment.conclude(
        tr("The diagnosis names it."),
        "autoencoder" in found.names,
        f"KL {found.figures['kl']:.0f} nats; {_latents(found)}",
    )
    _side_by_side(experiment, {"beta 0": run})


@recipe("around-encodings", HOMEWORK)
def around_encodings(experiment: Experiment) -> None:
    """Samples drawn around encodings are reconstructions with noise, not generation.

    Drawing z from N(mu(x), sigma(x)) and decoding it gives back the image x with a little noise. It looks better than
    samples from the prior, and is not generation: the diagnosis, given such an array, says so.
    """
    run = experiment.run(HOMEWORK)
    vae, images = run.model(), np.asarray(run.data().test.images[:2000])
    wrong = vae.decode(vae.encode(images, sample=True, seed=1))
    right = vae.sample(len(images), seed=1)

    def encode(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q = vae.posterior_parameters(x)
        return q["z_mean"], q["z_log_var"]

    for claim, samples, expected in (
        (tr("Samples around encodings: named for what they are."), wrong, True),
        (tr("Samples from the prior: not accused."), right, False),
    ):
        found = diagnose(encode, vae.decode, images, samples=samples)
        accused = "samples-around-encodings" in found.names
        experiment.conclude(claim, accused == expected, tr("findings: {names}", names=named(found)))
    experiment.show(
        text("Around encodings and from the prior"),
        rows(
            {
                text("test image"): images[:10],
                text("around its encoding"): wrong[:10],
                text("from the prior"): right[:10],
            }
        ),
    )


def _latents(found: Diagnosis) -> str:
    spread = " ".join(f"{value:.2f}" for value in found.figures["z_mean_std"])
    return tr(
        "{active_units} of {latent_dim} latents active, ELBO {elbo:.1f} nats; z_mean.std() per latent: {spread}",
        **found.figures,
        spread=spread,
    )


def _side_by_side(experiment: Experiment, runs: dict[str, Run], cause: str | None = None) -> None:
    images = next(iter(runs.values())).data().test.images[:10]
    models = {name: run.model("last") for name, run in runs.items()}
    what = text("Reconstructions"), text("Samples from the prior")
    titles = [text("{cause}: {what}", cause=cause, what=each) if cause else each for each in what]
    experiment.show(
        titles[0],
        rows({text("image"): images, **{name: vae.reconstruct(images) for name, vae in models.items()}}),
    )
    experiment.show(titles[1], rows({name: vae.sample(10, seed=0) for name, vae in models.items()}))
