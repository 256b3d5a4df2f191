"""Checks of the balance between reconstruction and KL."""

from __future__ import annotations

import numpy as np

from latente.evaluation.diagnosis.checks import check
from latente.evaluation.diagnosis.finding import Figures, Finding
from latente.evaluation.diagnosis.measurements import Measurements
from latente.language import text

PIXEL_MEAN = 3.0
"""An effective beta within this factor of the number of pixels betrays a mean over them: squared errors are written
with and without the half, and no one chooses a beta of hundreds for images."""
SAME_LOSS = 0.15
"""A reported loss within 15% of a candidate is that candidate: training and held-out images differ by less, while the
candidates differ by the number of pixels."""
AUTOENCODER_BETA = 0.1
"""Below a tenth of the KL's weight, the posteriors are a tenth as wide as in the VAE, or less; the healthy range of
beta that people use, 0.5 to 10, lies well above."""


@check
def averaged_over_pixels(measurements: Measurements) -> Finding | None:
    """The reconstruction was averaged over pixels, while the KL was summed over latents."""
    beta = measurements.effective_beta
    meant = measurements.history.beta or 1.0
    figures: Figures = {"effective_beta": beta.value if beta else None, "pixels": measurements.pixels}
    if beta and abs(np.log(beta.value / (meant * measurements.pixels)) if beta.value > 0 else np.inf) < np.log(
        PIXEL_MEAN
    ):
        evidence = text(
            "The effective beta is {beta:.0f}: the posteriors are as wide as if the KL counted {beta:.0f} times. An "
            "image has {pixels} pixels.",
            beta=beta.value,
            pixels=measurements.pixels,
        )
    elif (reduction := _reduction_of_loss(measurements)) is not None:
        evidence, figures = reduction
    else:
        return None
    return Finding(
        "loss-averaged-over-pixels",
        "sick",
        evidence,
        figures,
        text(
            "The reconstruction is averaged over pixels (Keras's binary_crossentropy and mse do so by themselves), "
            "while the KL is summed over latents: that is a beta of {pixels}.",
            pixels=measurements.pixels,
        ),
        text(
            "Sum over pixels, average over images: keras.ops.sum(keras.losses.binary_crossentropy(x, y), "
            "axis=(1, 2)), or weigh the KL by 1/{pixels}. Latente always sums.",
            pixels=measurements.pixels,
        ),
    )


def _reduction_of_loss(measurements: Measurements) -> tuple[str, Figures] | None:
    """For a model that collapsed: the reduction that gives the loss that its training reported."""
    loss = measurements.history.loss
    if loss is None or measurements.active:
        return None
    weight = 1.0 if measurements.history.beta is None else measurements.history.beta
    reconstruction, pixels = measurements.reconstruction, measurements.pixels
    candidates = {
        text("summed over pixels"): reconstruction + weight * measurements.kl,
        text("averaged over pixels"): reconstruction / pixels + weight * measurements.kl,
        text("averaged over pixels, as twice the half squared error"): 2 * reconstruction / pixels
        + weight * measurements.kl,
    }
    name = min(candidates, key=lambda each: abs(candidates[each] - loss))
    if not name.startswith("averaged") or abs(candidates[name] - loss) > SAME_LOSS * abs(loss):
        return None
    evidence = text(
        "The reported loss, {loss:.4g}, is the reconstruction {name} plus the KL ({found:.4g}); summed it would be "
        "{summed:.4g}. So the KL counted {pixels} times.",
        loss=loss,
        name=name,
        found=candidates[name],
        summed=next(iter(candidates.values())),
        pixels=pixels,
    )
    return evidence, {"loss": loss, "pixels": pixels, **{str(each): value for each, value in candidates.items()}}


@check
def autoencoder(measurements: Measurements) -> Finding | None:
    """Nothing ties the codes to the prior: beta is zero or nearly so."""
    beta = measurements.effective_beta
    told = measurements.history.beta == 0
    # A decoder that is constant or wrong does not suffer from wider posteriors either.
    works = not measurements.unusable and measurements.unexplained < 1
    if not told and not (works and beta and beta.value + 2 * beta.standard_error < AUTOENCODER_BETA):
        return None
    figures = {
        "effective_beta": beta.value if beta else None,
        "kl": measurements.kl,
        "sigma": float(np.exp(0.5 * measurements.log_var).mean()),
        "z_mean_std": measurements.mean.std(axis=0),
        "prior_precision": measurements.prior_match.precision,
    }
    estimate = text("effective beta {beta:.2g}, ", beta=beta.value) if beta else ""
    return Finding(
        "autoencoder",
        "sick",
        text(
            "The KL has next to no weight: {estimate}KL {kl:.3g} nats, mean sigma {sigma:.2g} (the prior's is 1), "
            "codes spread by {spread:.3g} at most. Only {prior_precision:.0%} of the images decoded from the prior lie "
            "among those decoded from encodings.",
            estimate=estimate,
            spread=measurements.mean.std(axis=0).max(),
            **figures,
        ),
        figures,
        text("beta is 0 or almost: this is an autoencoder, whose codes have no reason to lie where the prior draws."),
        text(
            "Latente: --objective ELBO --beta 1. Plain Keras: add the KL to the loss, summed over latents, beside the "
            "reconstruction summed over pixels."
        ),
    )
