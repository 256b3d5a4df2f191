"""Curves over the epochs of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latente.figures.files import PlainFigure
from latente.language import shown, text, tr

PANELS = {
    text("ELBO at beta = 1 (nats)"): "elbo",
    text("reconstruction (nats)"): "reconstruction",
    text("KL (nats)"): "kl",
    text("active units"): "active_units",
}


def curves(log: Sequence[dict[str, Any]], title: str = "") -> Figure:
    """ELBO, its two parts, active units, KL per latent and beta over the epochs, for training and validation.

    Args:
        log: The entries of ``log.jsonl``, one per epoch.
        title: Title of the figure.
    """
    epochs = [entry["epoch"] for entry in log]
    figure = PlainFigure(figsize=(9, 5.2), layout="constrained")
    figure.suptitle(title, fontsize=10)
    panels = figure.subplots(2, 3).ravel()
    style = {"marker": "."} if len(log) < 40 else {}
    for axes, (name, key) in zip(panels, PANELS.items(), strict=False):
        axes.plot(epochs, [entry[key] for entry in log], label=tr("train"), **style)
        axes.plot(epochs, [entry[f"val_{key}"] for entry in log], label=tr("validation"), **style)
        axes.set_title(shown(name), fontsize=9)
    panels[0].legend(fontsize=8)
    per_latent = [entry["val_kl_per_dimension"] for entry in log if "val_kl_per_dimension" in entry]
    if per_latent:  # the KL of a prior whose dimensions depend on each other has no part for each
        panels[4].plot(epochs, -np.sort(-np.array(per_latent), axis=1), linewidth=1)
    panels[4].set_title(tr("KL of each latent, sorted (nats)"), fontsize=9)
    panels[5].plot(epochs, [entry.get("beta", np.nan) for entry in log], color="tab:green", **style)
    panels[5].set_title(tr("beta, epoch mean"), fontsize=9)
    panels[3].yaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in panels:
        axes.set_xlabel(tr("epoch"), fontsize=8)
        axes.tick_params(labelsize=8)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    return figure
