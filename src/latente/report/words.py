"""The words of ``metrics.json`` that reports show, said here so that they are translated.

The file holds them in English; ``latente.language.translation_of`` gives them in the reader's language. Names of
figures and of what their protocols say are identifiers and stay as they are.
"""

from __future__ import annotations

from latente.language import text

N = "{n}"
"""Stands for a number."""

SPLITS = (text("test"), text("validation"), text("train"))
GROUPS = (
    text("bound"),
    text("latents"),
    text("reconstructions"),
    text("samples"),
    text("interpolations"),
    text("factors"),
)
UNITS = (
    text("nats"),
    text("bits"),
    text("of {n} draws", n=N),
    text("of {n} latents", n=N),
    text("per latent"),
    text("of {n} codes", n=N),
    text("share of {n} codes", n=N),
    text("per pixel in [0, 1]"),
    text("1 = as sharp as real"),
    text("1 = new"),
    text("1 = even"),
    text("1 = all classes alike"),
    text("mean top-1"),
    text("of real test images"),
    text("of a cross-fade's"),
    text("squared distance"),
    text("balls, over k"),
    text("share"),
    text("0 to 1, more is better"),
)
CONTROLS = (
    text("elbo of these images"),
    text("at most log n"),
    text("real images"),
    text("train images"),
    text("cross-fade"),
    text("noise"),
)
