"""Steps that are taken for what they tell, and leave the model as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
import numpy as np


def values(vae: keras.Model) -> list[np.ndarray]:
    """Of everything that steps change: weights, noise, metrics, and what the optimizer keeps."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in _variables(vae)]


def _variables(vae: keras.Model) -> list[keras.Variable]:
    return [*vae.variables, *vae.metrics_variables, *vae.optimizer.variables]


@contextlib.contextmanager
def unchanged(vae: keras.Model) -> Iterator[None]:
    """Put everything that steps change back as it was."""
    before = values(vae)
    with _unchanged_torch(vae) if keras.backend.backend() == "torch" else contextlib.nullcontext():
        try:
            yield
        finally:
            for variable, value in zip(_variables(vae), before, strict=True):
                variable.assign(value)


@contextlib.contextmanager
def _unchanged_torch(vae: keras.Model) -> Iterator[None]:
    """The same for PyTorch's generators, from which a Dropout without a seed draws, and for modules of PyTorch's."""
    import torch

    buffers = [(buffer, buffer.clone()) for buffer in vae.buffers()]
    try:
        with torch.random.fork_rng():
            yield
    finally:
        for buffer, value in buffers:
            buffer.copy_(value)
