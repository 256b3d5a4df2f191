"""Draws the plan of the house, docs/pictures/house.png, from the imports of today: ``make plan``.

A line leads from a room to one that it imports, and is left out where others lead there already. The file holds all
imports as text, too, from which a test knows whether it is still right.
"""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from imports import BASE, rooms

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "house.png"
PLACES = {  # column and row, from below: a room stands above what it imports
    "latente": (4, 6, "the public names"),
    "cli": (2, 6, "the commands"),
    "serving": (1, 5, "service, explorer"),
    "recipes": (2, 5, "experiments"),
    "export": (3, 5, "Keras, ONNX, Hub"),
    "lesson": (0, 4, "checks of homework"),
    "report": (3, 4, "reports, comparisons"),
    "evaluation": (2, 3, "metrics, diagnosis"),
    "training": (2, 2, "configs, runs, sweeps"),
    "data": (1, 1, "images, splits"),
    "model": (2, 1, "five axes, the VAE"),
    "figures": (3, 1, "pictures"),
}
WIDE, HIGH = 0.86, 0.5
INK, PAPER = "#2f5d62", "#eef4f4"


def direct(found: dict[str, set[str]]) -> dict[str, set[str]]:
    """The imports without those that a room between has already."""
    reached = {room: set().union(*(_below(each, found) for each in below)) for room, below in found.items()}
    return {room: below - reached[room] for room, below in found.items()}


def _below(room: str, found: dict[str, set[str]]) -> set[str]:
    return found[room].union(*(_below(each, found) for each in found[room]))


def text_of(found: dict[str, set[str]]) -> str:
    """All that the picture shows and leaves out, as it is written into the file."""
    return json.dumps({"base": sorted(BASE), **{room: sorted(below) for room, below in sorted(found.items())}})


def draw(found: dict[str, set[str]]) -> Figure:
    """The plan."""
    figure = Figure(figsize=(8, 6.4), dpi=160)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-0.5, 4.5), ylim=(-0.4, 6.4))
    axes.axis("off")
    for room, below in direct(found).items():
        for other in below:
            (x, y, _), (to_x, to_y, _) = PLACES[room], PLACES[other]
            ends = {"xy": (to_x, to_y + HIGH / 2), "xytext": (x, y - HIGH / 2)}
            axes.annotate("", **ends, arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 1})
    for room in found:
        x, y, words = PLACES[room]
        _box(axes, x, y, WIDE)
        axes.text(x, y + 0.09, room, ha="center", va="center", fontsize=12, weight="bold", color=INK)
        axes.text(x, y - 0.12, words, ha="center", va="center", fontsize=8.5)
    _box(axes, 2, 0, 4 + WIDE)
    axes.text(2, 0.09, "files that any room may import", ha="center", va="center", fontsize=10, color=INK)
    axes.text(2, -0.12, ", ".join(sorted(BASE)), ha="center", va="center", fontsize=8.5)
    return figure


def _box(axes, x: float, y: float, wide: float) -> None:
    style = {"boxstyle": "round,pad=0,rounding_size=0.08", "facecolor": PAPER, "edgecolor": INK}
    axes.add_patch(FancyBboxPatch((x - wide / 2, y - HIGH / 2), wide, HIGH, **style))


if __name__ == "__main__":
    draw(rooms()).savefig(PICTURE, metadata={"Description": text_of(rooms())})
    print(PICTURE)
