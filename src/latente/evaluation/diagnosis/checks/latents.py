"""Checks of what the latents carry."""

from __future__ import annotations

import numpy as np

from latente.evaluation.diagnosis.checks import check
from latente.evaluation.diagnosis.finding import Figures, Finding
from latente.evaluation.diagnosis.measurements import Measurements
from latente.language import sentences, text
from latente.pixels import RESOLUTION

WARM_UP = text(
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
EXPLODED = text(
    "The encoder's second output is no log-variance (a variance or a sigma was meant), training diverged, or a clip "
    "cuts the gradient off."
)
CLAMPED_OPEN = text(
    "Nothing holds the posteriors open (beta near 0), and a clip holds the log-variances without a gradient."
)
SHARE = 0.01
"""One log-variance in a hundred: fewer are outliers of single images."""


def collapse_figures(measurements: Measurements) -> Figures:
    """The figures that show which latents are dead."""
    return {
        "active_units": measurements.active,
        "latent_dim": measurements.latent_dim,
        "kl": measurements.kl,
        "kl_per_dimension": measurements.kl_per_dimension,
        "z_mean_std": measurements.mean.std(axis=0),
    }


@check
def posterior_collapse(measurements: Measurements) -> Finding | None:
    """All latents dead (Bowman et al. 2016; the criteria are those of ``collapsed_dimensions``)."""
    if measurements.active:
        return None
    lost = measurements.collapse_epoch
    when = text(" The log shows it from epoch {epoch} on.", epoch=lost) if lost else ""
    return Finding(
        "posterior-collapse",
        "sick",
        text(
            "All {latents} latents are dead: each carries less than 0.01 nats (the most: {kl:.2g}), and z_mean.std() "
            "is {std:.2g} at most, where an active latent has about 1.{when} The decoder shows one image whatever the "
            "code.",
            latents=measurements.latent_dim,
            kl=measurements.kl_per_dimension.max(),
            std=measurements.mean.std(axis=0).max(),
            when=when,
        ),
        {**collapse_figures(measurements), "epoch": lost},
        text(
            "The KL won before the decoder had learned to use z: a learning rate that is too high, a beta that is too "
            "large, or a reconstruction averaged over pixels where the KL is summed over latents."
        ),
        sentences(WARM_UP, text("Check that the reconstruction is summed over pixels, and that beta is 1 (--beta 1).")),
    )


@check
def partial_collapse(measurements: Measurements) -> Finding | None:
    """Some latents dead, at a cost: the best linear VAE uses more of them and reconstructs better."""
    if measurements.active in (0, measurements.latent_dim):
        return None
    error, linear = measurements.unexplained, measurements.unexplained_by_linear
    if measurements.linear.active <= measurements.active or error < COST * linear:
        return None
    beta = measurements.effective_beta
    figures = {**collapse_figures(measurements), "unexplained": error, "unexplained_by_linear_vae": linear}
    return Finding(
        "partial-collapse",
        "sick",
        sentences(
            text(
                "{active_units} of {latent_dim} latents are active, and it costs: the reconstructions leave "
                "{unexplained:.0%} of the pixels' variance unexplained, the best linear VAE at beta = 1 "
                "{unexplained_by_linear_vae:.0%} with {linear_active} active latents.",
                linear_active=measurements.linear.active,
                **figures,
            ),
            text("The effective beta is {beta:.3g}.", beta=beta.value) if beta else "",
        ),
        figures,
        text(
            "The KL weighs too much for the other latents to be worth their price, or they died early, before the "
            "decoder had learned to use them."
        ),
        sentences(
            text(
                "If the effective beta is large, lower it (Latente: --beta 1; plain Keras: the factor on the KL). Else:"
            ),
            WARM_UP,
        ),
    )


@check
def spare_latents(measurements: Measurements) -> Finding | None:
    """Some latents dead, at no cost: worth a remark."""
    if measurements.active in (0, measurements.latent_dim) or partial_collapse(measurements):
        return None
    return Finding(
        "spare-latents",
        "remark",
        text(
            "{active} of {latents} latents are active. The rest carry less than 0.01 nats and do no harm: the "
            "reconstructions leave {error:.0%} of the pixels' variance unexplained, the best linear VAE {linear:.0%}.",
            active=measurements.active,
            latents=measurements.latent_dim,
            error=measurements.unexplained,
            linear=measurements.unexplained_by_linear,
        ),
        collapse_figures(measurements),
        text("The likelihood at this beta pays for no more latents."),
        text(
            "Nothing needs to be done; Latente: --latent-dim {active} gives much the same model.",
            active=measurements.active,
        ),
    )


@check
def log_variance(measurements: Measurements) -> Finding | None:
    """Log-variances so large that codes are noise, or stuck at a bound."""
    values = measurements.posterior[1]
    low, high = float(values.min()), float(values.max())
    exploded = float(np.mean(values > EXTREME_LOG_VAR))
    edges = [edge for edge in (low, high) if abs(edge) >= CLAMPED]
    # A clip that keeps the gradient, x + (clip(x) - x), gives its bound up to rounding.
    stuck = max((float(np.mean(np.isclose(values, edge, RESOLUTION, 0))) for edge in edges), default=0.0)
    if exploded < SHARE and stuck < SHARE:
        return None
    what = (
        text("{share:.0%} of them exceed {bound:g}", share=exploded, bound=EXTREME_LOG_VAR)
        if exploded >= SHARE
        else text("{share:.0%} sit on a bound", share=stuck)
    )
    return Finding(
        "log-variance-exploded" if exploded >= SHARE else "log-variance-clamped",
        "sick",
        text("The log-variances reach from {low:.3g} to {high:.3g}: {what}.", low=low, high=high, what=what),
        {"log_var_min": low, "log_var_max": high, "share_exploded": exploded, "share_clamped": stuck},
        EXPLODED if exploded >= SHARE else CLAMPED_OPEN,
        text(
            "Latente bounds them softly at +-20: --lr a tenth, --beta 1. Plain Keras: sigma = exp(0.5 * z_log_var), "
            "KL = 0.5 * sum(mean^2 + exp(z_log_var) - 1 - z_log_var)."
        ),
    )
