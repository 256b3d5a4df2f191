"""Groups of runs in a plane of two figures."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latente.figures.colours import palette
from latente.figures.files import PlainFigure
from latente.language import tr

MARKERS = "osD^vph<>8"


def plane(points: Mapping[str, np.ndarray], axes_names: tuple[str, str], title: str = "") -> Figure:
    """One point per run, coloured by group.

    Args:
        points: Name of a group to its runs ``(n, 2)``.
        axes_names: What the two numbers are, with their units.
        title: Title of the figure.
    """
    figure = PlainFigure(figsize=(8, 5), layout="constrained")
    _scatter(figure.add_subplot(), points, axes_names, title)
    return figure


def rate_distortion(points: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """The rate-distortion plane (Alemi et al. 2018, figure 1): on each dashed line the ELBO is the same.

    Args:
        points: Name of a group to the KL and the reconstruction of its runs, in nats, ``(n, 2)``.
        title: Title of the figure.
    """
    figure = PlainFigure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    _scatter(axes, points, (tr("rate: KL (nats)"), tr("distortion: reconstruction (nats)")), title)
    rate, distortion = np.meshgrid(np.linspace(*axes.get_xlim(), 50), np.linspace(*axes.get_ylim(), 50))
    lines = axes.contour(rate, distortion, -(rate + distortion), 7, colors="0.6", linestyles="dashed", linewidths=0.8)
    axes.clabel(lines, fmt="ELBO %g", fontsize=7)
    return figure


def _scatter(axes: Axes, points: Mapping[str, np.ndarray], axes_names: tuple[str, str], title: str) -> None:
    # The marker tells groups apart without the colour.
    for marker, colour, (name, those) in zip(itertools.cycle(MARKERS), palette(len(points)), points.items()):
        x, y = np.asarray(those).T
        # Hollow, so that none hides another.
        style: dict[str, Any] = {"marker": marker, "facecolor": "none", "edgecolor": colour, "linewidth": 1.6}
        axes.scatter(x, y, s=60, label=name, zorder=3, **style)
    axes.margins(0.15)
    axes.autoscale_view()
    axes.set_xlabel(axes_names[0])
    axes.set_ylabel(axes_names[1])
    axes.set_title(title, fontsize=10)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.2)
    axes.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
