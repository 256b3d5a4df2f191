"""The averaged weights of a run, where its training options ask for them."""

from __future__ import annotations

from typing import Any

import keras


class AveragedWeights(keras.callbacks.SwapEMAWeights):
    """Has the averaged weights validate, draw and be saved, and puts the trained ones back before the next step.

    In a checkpoint the averages are the model's weights, and the trained weights stand in the optimizer, in the place
    of the averages: what is loaded is what was validated. Before training goes on from there the two change places.
    After the last epoch nothing goes on, and Keras leaves the averages in both.

    It must come before the callbacks that look at the model.

    Args:
        resumed: Whether the model comes from a checkpoint.
    """

    def __init__(self, resumed: bool) -> None:
        super().__init__(swap_on_epoch=True)
        self.resumed = resumed

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Undo the exchange that the checkpoint was saved in."""
        if self.resumed:
            once = keras.callbacks.SwapEMAWeights()
            once.set_model(self.model)
            once.on_test_begin()
