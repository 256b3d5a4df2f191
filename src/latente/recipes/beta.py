"""Exercise 4: beta = 1, 5 and 10, disentanglement against blur."""

from __future__ import annotations

from latente.figures import rows
from latente.language import shown, text, tr
from latente.recipes.experiment import Experiment, PlannedRun
from latente.recipes.recipe import recipe
from latente.training.run import Run

BETAS = (1, 5, 10)
QUICK = {"epochs": 2, "data.subset": 10_000}
SHAPES_QUICK = {"epochs": 1, "data.subset": 6_000}

GARMENTS = {beta: PlannedRun(f"garments-beta-{beta}", "fashion-mnist", {"beta": beta}, QUICK) for beta in BETAS}
# Fully connected, as beta-VAE's own for such images (Higgins et al. 2017, table 1), narrower: eight times as fast as
# convolutions of 64x64.
DRAWN = {"network": "Dense", "network.hidden": (512, 256), "epochs": 10, "data.subset": 50_000}
SHAPES = {beta: PlannedRun(f"shapes-beta-{beta}", "shapes", {"beta": beta, **DRAWN}, SHAPES_QUICK) for beta in BETAS}


@recipe("exercise-4", *GARMENTS.values(), *SHAPES.values())
def beta(experiment: Experiment) -> None:
    """Beta = 1, 5 and 10: disentanglement against blur.

    A larger beta presses the posteriors towards the prior: less KL, more blur. Whether it also disentangles can be
    measured only where the true factors are known, so the second half is trained on drawn shapes. One seed is shown
    here; latente sweep DATA --objective.beta 1,5,10 --seed 0,1,2 tells the effect from the noise of the seed.
    """
    garments = {beta: experiment.run(training) for beta, training in GARMENTS.items()}
    for name, claim, falls in (
        ("kl", text("On garments the KL falls with beta."), True),
        ("reconstruction", text("On garments the reconstruction term grows with beta."), False),
        ("reconstruction_sharpness", text("On garments the reconstructions lose sharpness with beta."), True),
        ("sample_confidence[classifier]", text("On garments a classifier is less sure of the samples."), True),
    ):
        _trend(experiment, garments, name, claim, falls)
    models = {f"beta {beta:g}": run.model() for beta, run in garments.items()}
    images = next(iter(garments.values())).data().test.images[:10]
    experiment.show(
        text("Garments, reconstructed"),
        rows({text("image"): images, **{name: vae.reconstruct(images) for name, vae in models.items()}}),
    )
    experiment.show(
        text("Garments, the same draws of the prior"),
        rows({name: vae.sample(10, seed=0) for name, vae in models.items()}),
    )
    shapes = {beta: experiment.run(training) for beta, training in SHAPES.items()}
    for name in ("mig", "dci_disentanglement", "factor_vae"):
        _trend(experiment, shapes, name, text("On shapes the {name} score rises with beta.", name=name), False)


def _trend(experiment: Experiment, runs: dict[int, Run], name: str, claim: str, falls: bool) -> None:
    values = [experiment.metrics(run)[name]["value"] for run in runs.values()]
    ordered = sorted(values, reverse=falls)
    told = ", ".join(
        tr("{value:.3g} at beta {beta}", value=value, beta=beta) for beta, value in zip(runs, values, strict=True)
    )
    experiment.conclude(shown(claim), values == ordered and values[0] != values[-1], f"{name}: {told}")
