"""On PyTorch: a loop of the step of Keras over images on the device."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import itemgetter
from typing import Any

import keras
import torch

from latente.training.feed import Segment


class Loop:
    """Steps one after another.

    Args:
        vae: The model.
        train: Whether to take steps of training.
    """

    def __init__(self, vae: keras.Model, train: bool) -> None:
        self.vae, self.train = vae, train
        self._total = next(metric for metric in vae.metrics if metric.name == "loss").total

    def state(self) -> None:
        """The steps change the model itself."""

    def take(self, segment: Segment, state: None) -> tuple[dict[str, Any], None]:
        """Take the steps of a segment."""
        step = self.vae.train_step if self.train else self.vae.test_step
        with torch.set_grad_enabled(self.train):
            for number in range(int(segment.first), int(segment.last)):
                step((keras.tree.map_structure(itemgetter(segment.rows[number]), segment.arrays),))
                if not math.isfinite(float(self._total.value)):
                    break
        return self.vae.get_metrics_result(), None

    def function(self, take: Callable[[int, None], tuple[dict[str, Any], None]]) -> Callable[..., Any]:
        """As Keras calls it."""

        def function(numbers: Any) -> dict[str, Any]:
            return take(int(numbers[0][0]), None)[0]

        return function
