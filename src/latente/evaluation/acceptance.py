"""The lesson's acceptance criteria as rules: are the samples recognizable, is the interpolation smooth?

Each rule is applied to the controls as well, noise and a cross-fade of pixels: a rule that they pass says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latente.errors import UserError
from latente.language import tr

Metrics = Mapping[str, Mapping[str, Any]]

LEAST_CONFIDENCE = 0.8
"""Of the classifier's mean confidence on real images. Healthy models of 10,000 garments, trained for 8 to 20 epochs on
seed 100, had 0.68 to 0.75 of it. It is not enough: a classifier may be more sure of noise than of real images."""
LEAST_COVERAGE = 0.8
"""Entropy over log classes: as if at least 6 of 10 classes appeared alike (log 6 / log 10 = 0.78)."""
FARTHEST = 0.95
"""Distance from real images over that of cross-fades of two real ones, which is 1 by definition: so much nearer an
image must be to be more than a mixture. Real images have 0.66, noise 1.5."""
MOST_UNEVEN = 2.0
"""Largest step over mean step: no step of a path may be worth more than two."""


@dataclass(frozen=True)
class Acceptance:
    """Whether a rule is met, and by what.

    Attributes:
        met: Whether the model meets it.
        controls: Whether each control meets it; it should not.
        evidence: The figures in words, in the reader's language.
    """

    met: bool
    controls: Mapping[str, bool]
    evidence: str


def recognizable(metrics: Metrics) -> Acceptance:
    """Whether samples look to a classifier like the real thing, of all classes.

    Args:
        metrics: From ``evaluate``, of labelled data.

    Raises:
        UserError: The figures are not there, since the data have no labels.
    """
    confidence, coverage = _of(metrics, "sample_confidence[classifier]"), _of(metrics, "class_coverage[classifier]")
    distance = _of(metrics, "sample_distance[classifier]")
    least = LEAST_CONFIDENCE * confidence["controls"]["real images"]

    def meets(sure: float, covered: float, far: float) -> bool:
        return sure >= least and covered >= LEAST_COVERAGE and far <= FARTHEST

    far = {"cross-fade": 1.0, **distance["controls"]}
    controls = {
        name: meets(confidence["controls"][name], coverage["controls"][name], far[name])
        for name in ("cross-fade", "noise")
    }
    evidence = tr(
        "A classifier ({accuracy:.0%} right on real test images) is {sure:.2f} sure of {samples:,} samples (real "
        "images: {real:.2f}; at least {least:.2f} asked), their classes spread to {covered:.2f} of even (at least "
        "{least_covered:g}), and in its features they are {far:.2f} times as far from real images as cross-fades (at "
        "most {farthest:g})",
        accuracy=_of(metrics, "classifier_accuracy")["value"],
        sure=confidence["value"],
        samples=confidence["samples"],
        real=confidence["controls"]["real images"],
        least=least,
        covered=coverage["value"],
        least_covered=LEAST_COVERAGE,
        far=distance["value"],
        farthest=FARTHEST,
    )
    return Acceptance(meets(confidence["value"], coverage["value"], distance["value"]), controls, evidence)


def smooth(metrics: Metrics) -> Acceptance:
    """Whether interpolations move evenly, through images that are more real than a cross-fade of pixels.

    Args:
        metrics: From ``evaluate``.

    Raises:
        UserError: The figures are not there.
    """
    space = "classifier" if "interpolation_smoothness[classifier]" in metrics else "pixels"
    even, middle = _of(metrics, f"interpolation_smoothness[{space}]"), _of(metrics, f"midpoint_distance[{space}]")

    def meets(uneven: float, far: float) -> bool:
        return uneven <= MOST_UNEVEN and far <= FARTHEST

    far = {"cross-fade": 1.0, **middle["controls"]}
    controls = {name: meets(even["controls"][name], far[name]) for name in ("cross-fade", "noise")}
    evidence = tr(
        "Over {pairs} random pairs the largest step is {uneven:.2f} times the mean step (at most {most_uneven:g} "
        "asked), and midpoints are {far:.2f} times as far from real images as those of a pixel cross-fade (at most "
        "{farthest:g} asked)",
        pairs=even["pairs"],
        uneven=even["value"],
        most_uneven=MOST_UNEVEN,
        far=middle["value"],
        farthest=FARTHEST,
    )
    return Acceptance(meets(even["value"], middle["value"]), controls, evidence)


def _of(metrics: Metrics, name: str) -> Mapping[str, Any]:
    if name not in metrics:
        raise UserError(f"The rule needs the figure {name}, which labelled data have. Received {', '.join(metrics)}.")
    return metrics[name]
