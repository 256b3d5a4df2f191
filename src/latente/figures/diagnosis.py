"""The evidence of a diagnosis on one page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from latente.figures.files import PlainFigure
from latente.figures.grids import draw, tile
from latente.language import shown, tr

SHOWN = 12
"""Images in a row."""

Latents = Mapping[str, tuple[np.ndarray, float]]
"""Title of a panel to a value for each latent, ``(d,)``, and its threshold: a latent below it in all panels is dead.
The first orders the latents of all panels."""


def diagnosis_page(
    images: dict[str, np.ndarray],
    curves: dict[str, Sequence[float]],
    latents: Latents | None = None,
    title: str = "",
) -> Figure:
    """What the latents carry, how training went, and what the model makes of images and of the prior.

    Args:
        images: Name to images ``(n, H, W, C)``, of which each gets a row of its first 12.
        curves: Name to values per epoch; none leaves the panel out.
        latents: What each latent does.
        title: Title of the page.
    """
    latents = latents or {}
    panels = len(latents) + bool(curves)
    heights = [*([2.6] if panels else []), *([0.95] * len(images))]
    figure = PlainFigure(figsize=(9, 0.4 + sum(heights)), layout="constrained")
    figure.suptitle(title, fontsize=10)
    layout = figure.add_gridspec(len(heights), max(panels, 1), height_ratios=heights)
    if latents:
        _latent_panels([figure.add_subplot(layout[0, column]) for column in range(len(latents))], latents)
    if curves:
        axes = figure.add_subplot(layout[0, -1])
        for name, values in curves.items():
            axes.plot(range(1, len(values) + 1), values, label=name, marker="." if len(values) < 40 else None)
        axes.set_title(tr("training (nats, by epoch)"), fontsize=9)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=7)
        axes.grid(alpha=0.3)
    for row, (name, several) in enumerate(images.items(), start=bool(panels)):
        axes = figure.add_subplot(layout[row, :])
        draw(tile(several[:SHOWN], columns=min(SHOWN, len(several))), axes)
        axes.set_title(shown(name), fontsize=8, loc="left")
        axes.set_axis_off()
    return figure


def latent_bars(models: Mapping[str, Latents]) -> Figure:
    """What each latent of several models does, a row of panels for each model, on common scales.

    Args:
        models: Name of a model to what its latents do; all have the same panels.
    """
    panels = len(next(iter(models.values())))
    figure = PlainFigure(figsize=(9, 0.3 + 2.4 * len(models)), layout="constrained")
    axes = figure.subplots(len(models), panels, squeeze=False, sharey="col")
    for row, (name, latents) in zip(axes, models.items(), strict=True):
        _latent_panels(row, latents)
        row[0].set_ylabel(shown(name), fontsize=9)
    for column in axes.T:
        column[0].set_ylim(top=2 * max(each.dataLim.y1 for each in column))
    return figure


def _latent_panels(axes: Sequence[Axes], latents: Latents) -> None:
    order = np.argsort(-next(iter(latents.values()))[0])
    for each, (name, (values, least)) in zip(axes, latents.items(), strict=True):
        _bars(each, [str(j) for j in order], values[order], least, name)


def _bars(axes: Axes, names: Sequence[str], values: np.ndarray, threshold: float, title: str) -> None:
    """Bars on a logarithmic axis, those below the threshold red."""
    floor = threshold / 30
    heights = np.maximum(values, floor)
    axes.bar(range(len(heights)), heights, color=np.where(values < threshold, "tab:red", "tab:blue"), bottom=0)
    axes.axhline(threshold, color="tab:red", linewidth=1, linestyle="--")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")  # Matplotlib's own is a formula
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylim(floor / 2, max(float(heights.max()), threshold) * 2)
    if len(names) <= 20:
        axes.set_xticks(range(len(names)), names)
    axes.set_xlabel(tr("latent, by KL; dead: red in every panel"), fontsize=7)
    axes.tick_params(labelsize=7)
    axes.set_title(shown(title), fontsize=9)
