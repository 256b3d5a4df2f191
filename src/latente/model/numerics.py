"""Numerical safety that keeps the gradient."""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any
"""Of whichever backend: Keras has no type for it."""

MIN_STD = 1 / 510
"""Learned scales stop at half a grey level: 8-bit data hold no finer detail, and a density there has no bound."""


def bounded(x: Tensor, low: float, high: float) -> Tensor:
    """``x`` clipped to [low, high], with the gradient of ``x`` itself.

    A plain clip has no gradient outside, so that a value that once left the bounds would never come back.
    """
    return x + ops.stop_gradient(ops.clip(x, low, high) - x)


def floored(x: Tensor, low: float) -> Tensor:
    """``x``, with a smooth corner at ``low`` that it never goes below.

    For what the data drive towards the bound: the pull fades beyond it, so that ``x`` stays near. With the gradient
    of ``bounded`` it would grow for ever, and with it the weights and their gradients.
    """
    return low + ops.softplus(4 * (x - low)) / 4


def tiled(x: Tensor, times: int) -> Tensor:
    """``x`` of shape ``(batch, ...)`` repeated as a whole: ``(times * batch, ...)``."""
    return ops.tile(x, (times, *[1] * (len(x.shape) - 1)))


def log1mexp(x: Tensor) -> Tensor:
    """log(1 - exp(-x)) for x > 0, to float32's precision in nats also for small x."""
    return ops.log(-ops.expm1(-x))
