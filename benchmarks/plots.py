"""The pictures in ``results/``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

Json = dict[str, Any]

OURS, THEIRS = "#1f77b4", "#b0b0b0"


def speed(result: Json, path: Path) -> None:
    """Bars of images per second with every repetition, and the ratios beside them."""
    rows = result["rows"]
    labels = {
        name: ", ".join(f"{over['median']:.2f} x {reference}" for reference, over in row["over"].items())
        for name, row in rows.items()
    }
    axes = _bars({name: row["images_per_second"] for name, row in rows.items()}, "{:,.0f}", labels)
    axes.set_xlabel("training images per second, whole trainings (median; a dot is a repetition)")
    _save(axes.figure, path)


def startup(result: Json, path: Path) -> None:
    """Bars of the commands' times."""
    axes = _bars({name.replace("`", ""): values for name, values in result["seconds"].items()}, "{:.2f} s")
    axes.set_xlabel("seconds (median; a dot is a repetition)")
    _save(axes.figure, path)


def inference(result: Json, path: Path) -> None:
    """Bars of the times, on a logarithmic scale."""
    bars = {
        f"encode {result['images']:,} images": result["encode_seconds"],
        f"log-likelihood, x {result['samples']} samples": result["log_likelihood_seconds"],
    }
    axes = _bars(bars, "{:.2f} s")
    axes.set_xscale("log")
    axes.set_xlabel("seconds (median; a dot is a repetition)")
    _save(axes.figure, path)


def growth(result: Json, path: Path) -> None:
    """Speed above and memory below, one column for each thing that grows."""
    sweeps = list(dict.fromkeys(point["sweep"] for point in result["points"]))
    figure = Figure(figsize=(4 * len(sweeps), 6), layout="constrained")
    grid = figure.subplots(2, len(sweeps), sharex="col", sharey="row")
    for column, sweep in zip(grid.T, sweeps, strict=True):
        points = [point for point in result["points"] if point["sweep"] == sweep]
        x = [point["value"] for point in points]
        for axes, measure in zip(column, ("images_per_second", "peak_rss_mib"), strict=True):
            low, middle, high = ([point[measure][part] for point in points] for part in ("min", "median", "max"))
            axes.fill_between(x, low, high, color=OURS, alpha=0.2, linewidth=0)
            axes.plot(x, middle, "o-", color=OURS)
            axes.set_xscale("log")
        column[1].set_xticks(x, [f"{value:,}" for value in x], minor=False, rotation=45, ha="right")
        column[1].minorticks_off()
        column[1].set_xlabel(sweep)
    for axes in grid[:, 0]:  # the rows share their scale, which is known when all columns are drawn
        axes.set_ylim(bottom=0)
    grid[0, 0].set_ylabel("training images per second")
    grid[1, 0].set_ylabel("peak memory (MiB)")
    _save(figure, path)


def _bars(spreads: Mapping[str, Json], form: str, labels: Mapping[str, str] | None = None) -> Any:
    """Horizontal bars of the medians, a dot for each value, the figure and a label at the end."""
    figure = Figure(figsize=(10, 0.6 * len(spreads) + 1.2), layout="constrained")
    axes = figure.subplots()
    right = max(spread["max"] for spread in spreads.values())
    for place, (name, spread) in enumerate(spreads.items()):
        axes.barh(place, spread["median"], color=OURS if name.lower().startswith("latente") else THEIRS)
        axes.plot(spread["all"], [place] * len(spread["all"]), "o", color="black", markersize=3)
        text = form.format(spread["median"]) + (f"   {labels[name]}" if labels else "")
        axes.annotate(text, (spread["max"], place), (6, 0), textcoords="offset points", va="center", fontsize=8)
    axes.set_yticks(range(len(spreads)), list(spreads))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.5 * right)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=120)
