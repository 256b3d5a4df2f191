"""The words of ``metrics.json`` that reports show: English in the file, as ``latente.language.known`` finds them."""

from __future__ import annotations

from latente.language import text

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
    text("of {n} draws"),
    text("of {n} latents"),
    text("per latent"),
    text("of {n} codes"),
    text("share of {n} codes"),
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
