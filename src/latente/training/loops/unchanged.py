"""Steps that are taken for what they tell, and leave the model as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import keras
import numpy as np


@contextlib.contextmanager
def unchanged(vae: keras.Model) -> Iterator[None]:
    """Put everything that steps change back as it was."""
    variables = [*vae.variables, *vae.metrics_variables, *vae.optimizer.variables]
    before = [np.array(keras.ops.convert_to_numpy(each)) for each in variables]
    try:
        yield
    finally:
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)
