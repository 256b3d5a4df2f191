"""Colours that tell classes and groups apart."""

from __future__ import annotations

from typing import Any

import matplotlib


def palette(n: int) -> list[Any]:
    """A colour for each of n: ten that are easily told apart, or as many as needed along a rainbow."""
    colours = matplotlib.colormaps["tab10" if n <= 10 else "turbo"]
    return [colours(i if n <= 10 else i / (n - 1)) for i in range(n)]
