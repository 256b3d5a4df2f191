"""What is watched while Keras trains: the pixels after the first batch, and a loss that is no number any more."""

from __future__ import annotations

import math
import warnings
from typing import Any

import keras

from latente.model.feeding import check_pixels


class PixelWatch(keras.callbacks.Callback):
    """Refuses pixels outside the range at the end of the epoch or evaluation that they came in.

    The step itself only takes the smallest and the largest: see ``PixelRange``.
    """

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Where there was no validation, the range is still that of training."""
        self._check()

    def on_test_begin(self, logs: Any = None) -> None:
        """The range of the training epoch is about to be reset."""
        self._check()

    def on_test_end(self, logs: Any = None) -> None:
        """The range is that of the evaluation."""
        self._check()

    def _check(self) -> None:
        if (outside := self.model.pixel_range.outside()) is not None:
            self.model.pixel_range.reset_state()
            check_pixels(self.model, outside, of_stream=True)


class NonFiniteWarning(keras.callbacks.Callback):
    """Warns once, at the end of the first epoch whose loss is not finite."""

    warned = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Look at the losses of the epoch."""
        losses = [float(value) for name, value in (logs or {}).items() if name in ("loss", "val_loss")]
        if not self.warned and not all(math.isfinite(loss) for loss in losses):
            self.warned = True
            warnings.warn(
                f"The loss is not a finite number since epoch {epoch + 1}: the usual cause is a learning rate that is "
                f"too high. callbacks=[latente.NonFiniteGuard()] ends the training at the first such step.",
                stacklevel=2,
            )


def watched(callbacks: Any) -> Any:
    """The callbacks of ``fit`` or ``evaluate``, with those that watch: pixels first, before anything is written."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        for callback in (PixelWatch(), NonFiniteWarning()):
            callbacks.append(callback)
        return callbacks
    others = callbacks if isinstance(callbacks, list | tuple) else [callbacks] if callbacks else []
    return [PixelWatch(), *others, NonFiniteWarning()]
