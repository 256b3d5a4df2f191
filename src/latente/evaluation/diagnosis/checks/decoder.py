"""Checks of what the decoder makes of codes."""

from __future__ import annotations

import numpy as np

from latente.evaluation.diagnosis.checks import check
from latente.evaluation.diagnosis.finding import Finding
from latente.evaluation.diagnosis.measurements import UNMOVED, Measurements, total_variance
from latente.language import sentences, text

EXTREME = 1e-3
"""A pixel this near to 0 or 1 is saturated: less than half a grey level."""
SATURATED = 0.98
"""Nearly all pixels. Black-and-white data saturate a decoder rightly, but then its images are right, too."""
WORSE = 1.05
"""Squared error over that of the mean image. A collapsed model shows the mean image, hence 1; this one shows worse."""
BLURRED = 0.8
"""The sharpness that counts as blur, relative to the best linear VAE at beta = 1, which shows the blur that the
likelihood explains. Models trained healthily had 1.07 of it or more."""

WASTED = 0.4
"""A layer that never uses this share of its units is worth a remark: those of well-trained decoders were below 0.3."""


@check
def decoder_constant(measurements: Measurements) -> Finding | None:
    """Every image that comes out is flat or saturated."""
    images = measurements.posterior_images
    flat = float(images.std(axis=(1, 2, 3)).mean())
    saturated = float(np.mean((images < EXTREME) | (images > 1 - EXTREME)))
    grey = float(np.mean((measurements.images > 0.05) & (measurements.images < 0.95)))
    if measurements.unexplained < WORSE or (flat > EXTREME and saturated < SATURATED):
        return None
    figures = {"saturated": saturated, "pixel_std": flat, "grey_in_data": grey, "unexplained": measurements.unexplained}
    return Finding(
        "decoder-saturated",
        "sick",
        text(
            "{saturated:.0%} of the decoded pixels are 0 or 1, and within an image they vary by {pixel_std:.2g} "
            "(standard deviation); {grey_in_data:.0%} of the real pixels are grey. The error is {unexplained:.2g} "
            "times that of the mean image.",
            **figures,
        ),
        figures,
        text(
            "The last layer is driven to its ends, or dead: a learning rate that is too high, a ReLU as the last "
            "activation, sigmoid applied twice, or weights that diverged."
        ),
        text(
            "Latente: --lr a tenth of what it was (it computes the loss from logits). Plain Keras: no activation in "
            "the last layer and binary_crossentropy(from_logits=True), and a lower learning rate."
        ),
    )


@check
def decoder_ignores_z(measurements: Measurements) -> Finding | None:
    """The encoder tells images apart, and the decoder does not listen."""
    if not measurements.active or measurements.history.few_steps or decoder_constant(measurements):
        return None
    moved = total_variance(measurements.posterior_images) / max(measurements.spread, 1e-12)
    if moved > UNMOVED:
        return None
    figures = {"decoded_variance": moved, "active_units": measurements.active, "kl": measurements.kl}
    return Finding(
        "decoder-ignores-z",
        "sick",
        text(
            "{active_units} of {latents} latents carry information (KL {kl:.3g} nats), but the decoded images vary by "
            "{decoded_variance:.1%} of the variance of the real ones, whatever the code.",
            latents=measurements.latent_dim,
            **figures,
        ),
        figures,
        text(
            "The code does not reach the decoder's output: a layer that is dead or not connected, a decoder that is "
            "fed something besides z, or one that was not trained."
        ),
        text(
            "Decode two very different codes and follow them through the layers. Latente's decoders see nothing but z; "
            "train anew with --lr a tenth. Plain Keras: check that decoder(z) is the graph that the loss sees."
        ),
    )


@check
def blur(measurements: Measurements) -> Finding | None:
    """Reconstructions softer and worse than those of the best linear VAE."""
    if measurements.unusable:
        return None
    sharp, linear = measurements.sharpness, measurements.relative_sharpness(measurements.linear.reconstructions)
    error, linear_error = measurements.unexplained, measurements.unexplained_by_linear
    if sharp >= BLURRED * linear or error <= linear_error:
        return None
    beta = measurements.effective_beta
    figures = {
        "sharpness": sharp,
        "sharpness_of_linear_vae": linear,
        "unexplained": error,
        "unexplained_by_linear_vae": linear_error,
        "effective_beta": beta.value if beta else None,
    }
    return Finding(
        "blur",
        "sick",
        sentences(
            text(
                "Reconstructions are {sharpness:.0%} as sharp as real images and leave {unexplained:.0%} of the "
                "variance unexplained; the best linear VAE at beta = 1 has {sharpness_of_linear_vae:.0%} and "
                "{unexplained_by_linear_vae:.0%}. So the likelihood alone does not explain the blur.",
                **figures,
            ),
            text("The effective beta is {beta:.3g}.", beta=beta.value) if beta else "",
        ),
        figures,
        text("A beta above 1 pays for a small KL with detail; or the model is not trained to its end, or too small."),
        text(
            "Latente: --beta 1, more --epochs, then more --latent-dim. Plain Keras: the factor on the KL down to 1, "
            "with the reconstruction summed over pixels."
        ),
    )


@check
def silent_decoder(measurements: Measurements) -> Finding | None:
    """Units of the decoder that never fire: whole positions of a feature map, or a large share of a layer."""
    if measurements.unusable or measurements.history.few_steps or measurements.silence is None:
        return None
    share = measurements.silence.share
    places = measurements.silence.places(measurements.images.var(axis=0, dtype="float64").sum(axis=-1))
    positions = int(places.sum())
    if not positions and share < WASTED:
        return None
    return Finding(
        "silent-decoder-units",
        "sick" if positions else "remark",
        sentences(
            text(
                "Up to {share:.0%} of the units of a layer of the decoder put out the same for every code.",
                share=share,
            ),
            text(
                "At {positions} of the {of} positions of a feature map, under pixels that vary, over 90% do: there the "
                "images have flat squares.",
                positions=positions,
                of=places.size,
            )
            if positions
            else "",
        ),
        {"silent_units": share, "silent_positions": positions, "positions": places.size},
        text(
            "A ReLU whose input is below zero for every code gives nothing and gets no gradient, so it never comes "
            "back: often between a dense layer and the map that is made of it, or after a learning rate too high."
        ),
        text(
            "Latente: --network.activation silu, or --lr a tenth. Plain Keras: no activation in the dense layer before "
            "Reshape, or 'elu' or 'silu' in place of 'relu'."
        ),
    )
