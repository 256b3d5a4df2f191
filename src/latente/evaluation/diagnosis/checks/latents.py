"""Checks of what the latents carry."""

from __future__ import annotations

import numpy as np

from latente.evaluation.diagnosis.checks.check import check
from latente.evaluation.diagnosis.exam import Exam
from latente.evaluation.diagnosis.finding import Figures, Finding

WARM_UP = (
    "Latente: --objective.schedule linear (KL warm-up), and --lr a tenth of what it was; or --objective.free-bits 0.1. "
    "Plain Keras: multiply the KL by a variable that a callback raises from 0 to 1 over the first epochs."
)
COST = 1.1
"""A model pays for its dead latents when its error exceeds that of the best linear VAE by a tenth: the nonlinear models
that were trained healthily stayed below it, none above."""
EXTREME_LOG_VAR = 10.0
"""exp(10) is a standard deviation of 148 where the prior's is 1: nothing that a training step means to say."""
CLAMPED = 9.0
"""exp(-9) is a variance 8,000 times narrower than the prior: 9 = -log of it. Clips of log-variances lie beyond."""
SHARE = 0.01
"""One log-variance in a hundred: fewer are outliers of single images."""


def collapse_figures(exam: Exam) -> Figures:
    """The figures that show which latents are dead."""
    return {
        "active_units": exam.active,
        "latent_dim": exam.latent_dim,
        "kl": exam.kl,
        "kl_per_dimension": exam.kl_per_dimension,
        "z_mean_std": exam.mean.std(axis=0),
    }


@check
def posterior_collapse(exam: Exam) -> Finding | None:
    """All latents dead (Bowman et al. 2016; the criteria are those of ``collapsed_dimensions``)."""
    if exam.active:
        return None
    lost = exam.collapse_epoch
    when = f" The log shows it from epoch {lost} on." if lost else ""
    return Finding(
        "posterior-collapse",
        "sick",
        f"All {exam.latent_dim} latents are dead: each carries less than 0.01 nats (the most: "
        f"{exam.kl_per_dimension.max():.2g}), and z_mean.std() is {exam.mean.std(axis=0).max():.2g} at most, where an "
        f"active latent has about 1.{when} The decoder shows one image whatever the code.",
        {**collapse_figures(exam), "epoch": lost},
        "The KL won before the decoder had learned to use z: a learning rate that is too high, a beta that is too "
        "large, or a reconstruction averaged over pixels where the KL is summed over latents.",
        f"{WARM_UP} Check that the reconstruction is summed over pixels, and that beta is 1 (--beta 1).",
    )


@check
def partial_collapse(exam: Exam) -> Finding | None:
    """Some latents dead, at a cost: the best linear VAE uses more of them and reconstructs better."""
    if exam.active in (0, exam.latent_dim):
        return None
    error, linear = exam.unexplained, exam.unexplained_by(exam.linear.reconstructions)
    if exam.linear.active <= exam.active or error < COST * linear:
        return None
    beta = exam.effective_beta
    told = f" The effective beta is {beta.value:.3g}." if beta else ""
    return Finding(
        "partial-collapse",
        "sick",
        f"{exam.active} of {exam.latent_dim} latents are active, and it costs: the reconstructions leave {error:.0%} "
        f"of the pixels' variance unexplained, the best linear VAE at beta = 1 {linear:.0%} with {exam.linear.active} "
        f"active latents.{told}",
        {**collapse_figures(exam), "unexplained": error, "unexplained_by_linear_vae": linear},
        "The KL weighs too much for the other latents to be worth their price, or they died early, before the decoder "
        "had learned to use them.",
        f"If the effective beta is large, lower it (Latente: --beta 1; plain Keras: the factor on the KL). Else: "
        f"{WARM_UP}",
    )


@check
def spare_latents(exam: Exam) -> Finding | None:
    """Some latents dead, at no cost: worth a remark."""
    if exam.active in (0, exam.latent_dim) or partial_collapse(exam):
        return None
    return Finding(
        "spare-latents",
        "remark",
        f"{exam.active} of {exam.latent_dim} latents are active. The rest carry less than 0.01 nats and do no harm: "
        f"the reconstructions leave {exam.unexplained:.0%} of the pixels' variance unexplained, the best linear VAE "
        f"{exam.unexplained_by(exam.linear.reconstructions):.0%}.",
        collapse_figures(exam),
        "The likelihood at this beta pays for no more latents.",
        f"Nothing needs to be done; Latente: --latent-dim {exam.active} gives much the same model.",
    )


@check
def log_variance(exam: Exam) -> Finding | None:
    """Log-variances so large that codes are noise, or stuck at a bound."""
    values = exam.posterior[1]
    low, high = float(values.min()), float(values.max())
    exploded = float(np.mean(values > EXTREME_LOG_VAR))
    stuck = max(float(np.mean(values == edge)) if abs(edge) >= CLAMPED else 0.0 for edge in (low, high))
    if exploded < SHARE and stuck < SHARE:
        return None
    what = f"{exploded:.0%} of them exceed {EXTREME_LOG_VAR:g}" if exploded >= SHARE else f"{stuck:.0%} sit on a bound"
    return Finding(
        "log-variance-exploded" if exploded >= SHARE else "log-variance-clamped",
        "sick",
        f"The log-variances reach from {low:.3g} to {high:.3g}: {what}.",
        {"log_var_min": low, "log_var_max": high, "share_exploded": exploded, "share_clamped": stuck},
        "The encoder's second output is no log-variance (a variance or a sigma was meant), training diverged, or a "
        "clip cuts the gradient off."
        if exploded >= SHARE
        else "Nothing holds the posteriors open (beta near 0), and a clip holds the log-variances without a gradient.",
        "Latente bounds them softly at +-20: --lr a tenth, --beta 1. Plain Keras: sigma = exp(0.5 * z_log_var), "
        "KL = 0.5 * sum(mean^2 + exp(z_log_var) - 1 - z_log_var).",
    )
