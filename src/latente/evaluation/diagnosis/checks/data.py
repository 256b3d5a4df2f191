"""Checks of the images that come in and go out."""

from __future__ import annotations

import numpy as np

from latente.evaluation.diagnosis.checks import check
from latente.evaluation.diagnosis.finding import Finding
from latente.evaluation.diagnosis.measurements import Measurements
from latente.language import sentences, text

TOLERANCE = 0.01
"""Of the pixels' range: resized images and Gaussian means overshoot by less."""
INVERTED = -0.5
"""Correlation of the mean images over the pixels. The same kind of image has nearly 1, another kind something positive
or small; only dark for light gives a strongly negative one."""
BETTER = 0.5
"""The negatives leave at most half as much unexplained as the images: a model reconstructs the negatives of what it was
trained on several times worse, not better."""
MIXED = (
    text("Dark on light and light on dark are mixed: MNIST and its kin are light on dark, scans dark on light."),
    text("Invert one of them: images = 255 - images (or 1 - images)."),
)
"""Cause and remedy."""


@check
def out_of_range(measurements: Measurements) -> Finding | None:
    """Pixels outside [0, 1], going in or coming out."""
    scale, decoded = measurements.scale, measurements.reconstructions
    low, high = float(decoded.min()), float(decoded.max())
    bernoulli = measurements.model.likelihood_name == "Bernoulli"
    given = (scale.low, scale.high) != (0.0, 1.0)
    outside = bernoulli and (low < -TOLERANCE or high > 1 + TOLERANCE)
    if not given and not outside:
        return None
    signed = (scale.low, scale.high) == (-1.0, 1.0)
    lie = text("The images lie in [{low:g}, {high:g}].", low=scale.low, high=scale.high)
    reach = text("Decoded pixels reach from {low:.3g} to {high:.3g} (as a share of that range).", low=low, high=high)
    return Finding(
        "data-out-of-range",
        "remark" if signed and not bernoulli else "sick",
        sentences(lie if given else "", reach if outside else ""),
        {"low": scale.low, "high": scale.high, "decoded_low": low, "decoded_high": high},
        text(
            "The images were not divided by 255, or were standardized: cross-entropy has no meaning outside [0, 1], "
            "and a squared error grows with the square of the range, so that the KL counts for nothing (or for more)."
        ),
        text(
            "images = images.astype('float32') / 255 for training and for every use. Latente scales uint8 images "
            "itself."
        ),
    )


@check
def inverted(measurements: Measurements) -> Finding | None:
    """Dark and light are exchanged between training images and held-out ones, or between these and what is decoded."""
    others = {
        text("training images"): measurements.train_images,
        text("reconstructions"): measurements.reconstructions,
        text("samples"): measurements.samples,
    }
    for name, images in others.items():
        if images is None:
            continue
        correlation = _correlation(measurements.images.mean(axis=0), images.mean(axis=0))
        figures = {"against": name, "correlation": correlation}
        if correlation < INVERTED:
            return Finding(
                "data-inverted",
                "sick",
                text(
                    "The mean of the {against} is the negative of the mean of the held-out images (correlation "
                    "{correlation:.2f}): where the ones are dark, the others are light.",
                    **figures,
                ),
                figures,
                *MIXED,
            )
    return _negatives_fit_better(measurements)


def _negatives_fit_better(measurements: Measurements) -> Finding | None:
    """What the means hide: the model knows the negatives of the images that it was given."""
    negatives = 1 - measurements.images
    error = measurements.unexplained_by(1 - measurements.model.reconstruct(negatives, measurements.labels))
    if error >= min(1.0, BETTER * measurements.unexplained):
        return None
    figures = {"unexplained": measurements.unexplained, "unexplained_of_negatives": error}
    return Finding(
        "data-inverted",
        "sick",
        text(
            "The model leaves {unexplained:.0%} of the variance of the images unexplained, and "
            "{unexplained_of_negatives:.0%} of their negatives': it was trained on images that are dark where these "
            "are light.",
            **figures,
        ),
        figures,
        *MIXED,
    )


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Over the pixels; 0 where one of them is flat."""
    if min(first.std(), second.std()) < TOLERANCE:
        return 0.0
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
