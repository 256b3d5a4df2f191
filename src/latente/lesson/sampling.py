"""The sampling layer: z = z_mean + exp(0.5 * z_log_var) * noise."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from latente.language import tr
from latente.lesson.remark import Array, Mistake, as_check, called, of_shape

DRAWS = 4000
MEAN = np.array([3.0, -2.0, 1.0, -4.0], "float32")
LOG_VAR = np.array([-2.0, 0.7, 1.2, -0.7], "float32")
SIGMA = np.exp(0.5 * LOG_VAR)
SUSPECTS = {"sigma-is-variance": SIGMA**2, "sigma-is-log-variance": np.abs(LOG_VAR), "sigma-ignored": np.ones(4)}
CLOSE = 0.1
"""Share by which a standard deviation of 4,000 draws may be off: nine standard errors."""
NORMAL_KURTOSIS, FARTHEST_KURTOSIS = 3, 0.5
UNIFORM_SIGMA = SIGMA / np.sqrt(12)
"""Of uniform noise in [0, 1], whose shape is judged, and not its width."""


@as_check
def check_sampling(sampling: Callable[..., Any]) -> str:
    """Check a sampling layer or function of z_mean and z_log_var.

    Args:
        sampling: A Keras layer or a function; it takes both as one list or as two arguments.
    """
    z, again = _draw(sampling), _draw(sampling)
    if np.abs(z - MEAN).max() < 1e-6:
        raise Mistake("no-noise")
    moves = np.ptp(z, axis=0)
    if moves.max() < 1e-6:
        raise Mistake("one-noise-per-batch")
    if np.array_equal(z, again):
        raise Mistake("same-noise-each-call")
    if moves.min() >= 1e-6 and np.corrcoef(z.T).min() > 0.9:  # a latent without noise correlates with none
        raise Mistake("one-noise-per-image")
    if np.abs(z.mean(axis=0)).max() < 0.5:
        raise Mistake("mean-ignored")
    _judge_sigma(z.std(axis=0))
    noise = (z - MEAN) / SIGMA
    kurtosis = np.mean(((noise - noise.mean(axis=0)) / noise.std(axis=0)) ** 4)
    if np.abs(noise.mean(axis=0)).max() > CLOSE or abs(kurtosis - NORMAL_KURTOSIS) > FARTHEST_KURTOSIS:
        raise Mistake("not-normal")
    return tr("Right: z = z_mean + exp(0.5 * z_log_var) * noise, with fresh noise for each image, latent and call.")


def _judge_sigma(found: Array) -> None:
    if any(np.allclose(found, fine, rtol=CLOSE) for fine in (SIGMA, UNIFORM_SIGMA)):
        return
    for name, wrong in SUSPECTS.items():
        if np.allclose(found, wrong, rtol=CLOSE):
            raise Mistake(name)
    shown = {"log_var": LOG_VAR, "found": found, "sigma": SIGMA}
    raise Mistake("wrong-sigma", **{name: value.astype("float64").round(2).tolist() for name, value in shown.items()})


def _draw(sampling: Callable[..., Any]) -> Array:
    mean, log_var = (np.tile(each, (DRAWS, 1)) for each in (MEAN, LOG_VAR))
    function = sampling.call if isinstance(sampling, keras.Layer) else sampling
    parameters = inspect.signature(function).parameters.values()
    needed = [each for each in parameters if each.default is each.empty and each.kind < each.VAR_POSITIONAL]
    inputs = (mean, log_var) if len(needed) > 1 else ([mean, log_var],)
    return of_shape("z", called("sampling", sampling, *inputs), mean.shape)
