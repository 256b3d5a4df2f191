"""The stopwatch as a Keras callback, and a way to add one where no argument takes it."""

from __future__ import annotations

import common
import keras


class Clock(keras.callbacks.Callback):
    """Tells the watch of the first step.

    Args:
        watch: The watch.
    """

    async_safe = True  # Keras goes on calling back beside the steps, as it does without this callback

    def __init__(self, watch: common.Watch) -> None:
        super().__init__()
        self.watch = watch

    def on_train_batch_end(self, batch, logs=None):
        """One step has ended, or several."""
        if self.watch.first is None:
            self.watch.step(steps_of(self.model) * common.BATCH)


def steps_of(model: keras.Model) -> int:
    """How many steps it has taken; where a call takes several, Keras counts the calls."""
    return int(keras.ops.convert_to_numpy(model.optimizer.iterations))


def add_callback(callback: keras.callbacks.Callback) -> None:
    """Let a callback see every fit of this process: ``latente.train`` takes none."""
    fit = keras.Model.fit

    def watched(self, *positional, callbacks=(), **named):
        return fit(self, *positional, callbacks=[*callbacks, callback], **named)

    keras.Model.fit = watched
