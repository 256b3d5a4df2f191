"""The evidence of a diagnosis on one page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latente.figures.grids import tile

SHOWN = 12
"""Images in a row."""


def diagnosis_page(
    kl_per_dimension: np.ndarray,
    mean_std: np.ndarray,
    images: dict[str, np.ndarray],
    curves: dict[str, Sequence[float]],
    thresholds: tuple[float, float],
    title: str = "",
) -> Figure:
    """What the latents carry, how training went, and what the model makes of images and of the prior.

    Args:
        kl_per_dimension: Mean KL of each latent in nats, ``(d,)``.
        mean_std: Standard deviation of each latent's posterior mean over the images, ``(d,)``.
        images: Name to images ``(n, H, W, C)``, of which each gets a row of its first 12.
        curves: Name to values per epoch; none leaves the panel out.
        thresholds: The KL and the standard deviation below which a latent is dead.
        title: Title of the page.
    """
    figure = Figure(figsize=(9, 3 + 0.95 * len(images)), layout="constrained")
    figure.suptitle(title, fontsize=10)
    heights = [2.6, *([0.95] * len(images))]
    layout = figure.add_gridspec(len(heights), 3 if curves else 2, height_ratios=heights)
    order = np.argsort(-kl_per_dimension)
    names = [str(j) for j in order]
    _bars(figure.add_subplot(layout[0, 0]), names, kl_per_dimension[order], thresholds[0], "KL of each latent (nats)")
    _bars(figure.add_subplot(layout[0, 1]), names, mean_std[order], thresholds[1], "std of its posterior mean")
    if curves:
        axes = figure.add_subplot(layout[0, 2])
        for name, values in curves.items():
            axes.plot(range(1, len(values) + 1), values, label=name, marker="." if len(values) < 40 else None)
        axes.set_title("training (nats, by epoch)", fontsize=9)
        axes.tick_params(labelsize=7)
        axes.legend(fontsize=7)
        axes.grid(alpha=0.3)
    for row, (name, several) in enumerate(images.items(), start=1):
        axes = figure.add_subplot(layout[row, :])
        sheet = tile(several[:SHOWN], columns=min(SHOWN, len(several)))
        axes.imshow(sheet.squeeze(-1) if sheet.shape[-1] == 1 else sheet, cmap="gray", vmin=0, vmax=1)
        axes.set_title(name, fontsize=8, loc="left")
        axes.set_axis_off()
    return figure


def _bars(axes: Axes, names: Sequence[str], values: np.ndarray, threshold: float, title: str) -> None:
    """Bars on a logarithmic axis, those below the threshold red."""
    floor = threshold / 30
    shown = np.maximum(values, floor)
    axes.bar(range(len(shown)), shown, color=np.where(values < threshold, "tab:red", "tab:blue"), bottom=0)
    axes.axhline(threshold, color="tab:red", linewidth=1, linestyle="--")
    axes.set_yscale("log")
    axes.set_ylim(floor / 2, max(float(shown.max()), threshold) * 2)
    if len(names) <= 20:
        axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("latent, the most informative first; red: dead", fontsize=7)
    axes.tick_params(labelsize=7)
    axes.set_title(title, fontsize=9)
