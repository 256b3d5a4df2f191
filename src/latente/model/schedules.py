"""Schedules: a factor in [0, 1] as a function of the training step, computed in the graph."""

from __future__ import annotations

from keras import ops

from latente.model.numerics import Tensor


def constant(step: Tensor, steps: int) -> Tensor:
    """Always 1."""
    return ops.ones_like(step)


def linear(step: Tensor, steps: int) -> Tensor:
    """Rise from 0 to 1 over the first ``steps`` steps, then stay: KL warm-up (Bowman et al. 2016)."""
    return ops.minimum(step / steps, 1.0)


def cyclical(step: Tensor, steps: int) -> Tensor:
    """Cycles of ``steps`` steps, each a linear rise over its first half, then 1 (Fu et al. 2019, eq. 6 and 7)."""
    return ops.minimum(2.0 * ops.mod(step, float(steps)) / steps, 1.0)


SCHEDULES = {"constant": constant, "linear": linear, "cyclical": cyclical}
