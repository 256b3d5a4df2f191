"""Numerical safety that keeps the gradient."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def bounded(x: Tensor, low: float, high: float) -> Tensor:
    """``x`` clipped to [low, high], with the gradient of ``x`` itself.

    A plain clip has no gradient outside, so that a value that once left the bounds would never come back.
    """
    return x + ops.stop_gradient(ops.clip(x, low, high) - x)
