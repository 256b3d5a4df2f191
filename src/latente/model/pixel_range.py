"""The range of the pixels that pass through a model while Keras trains."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from latente.model.numerics import Tensor


@keras.saving.register_keras_serializable(package="latente")
class PixelRange(keras.metrics.Metric):
    """How far pixels went outside [0, 1] since the reset. It is logged nowhere, and no file holds it.

    Of several replicas it gives the mean of their ranges, which lies outside when one of them does.
    """

    def __init__(self, name: str = "pixel_range", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        common: dict[str, Any] = {"shape": (), "aggregation": "mean"}
        self.low = self.add_variable(initializer="zeros", name="low", **common)
        self.high = self.add_variable(initializer="ones", name="high", **common)

    def update_state(self, images: Tensor) -> None:
        """Add a batch; uint8 cannot be outside."""
        if keras.backend.standardize_dtype(images.dtype) == "uint8":
            return
        images = ops.cast(images, "float32")
        self.low.assign(ops.minimum(self.low, ops.min(images)))
        self.high.assign(ops.maximum(self.high, ops.max(images)))

    def reset_state(self) -> None:
        """Begin anew."""
        self.low.assign(0.0)
        self.high.assign(1.0)

    def result(self) -> dict[str, Tensor]:
        """Nothing, which Keras adds to its logs."""
        return {}

    def outside(self) -> np.ndarray | None:
        """The lowest and the highest pixel, ``(2,)``, where one lies outside [0, 1] or is not a number."""
        low, high = (float(ops.convert_to_numpy(end)) for end in (self.low, self.high))
        return None if low >= 0 and high <= 1 else np.array([low, high], "float32")

    def save_own_variables(self, store: Any) -> None:
        """Save nothing."""

    def load_own_variables(self, store: Any) -> None:
        """Load nothing: files of before it was there hold nothing either."""
