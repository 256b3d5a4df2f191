"""Warnings of training, by the criteria of the diagnosis: of too few steps, and of latents that die."""

from __future__ import annotations

import math
import sys
from typing import Any

import keras

from latente.language import tr
from latente.model.collapse import collapse_warning
from latente.training.length import ENOUGH_STEPS
from latente.training.run import Run

FEW_STEPS = 200
"""Optimizer steps, of which no VAE learns much: the first usable digits and garments need 400, faces 1,000."""
SMALL_BATCH = 32


class Health(keras.callbacks.Callback):
    """Warns at the epoch in which a collapse begins: in the log, as ``warnings`` of its entry, and on standard error.

    The log holds it in English, whatever the reader's language. Of too few steps it warns at the start, on standard
    error alone.

    It reads what the ``Recorder`` wrote, so it comes after it.

    Args:
        run: Whose log it reads and adds to.
        tell: Whether to write to standard error too.
    """

    def __init__(self, run: Run, tell: bool) -> None:
        super().__init__()
        self.run = run
        self.tell = tell

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Look at the number of steps."""
        images = self.run.environment["images"]["train"]
        epochs, batch = (self.run.config["training"][name] for name in ("epochs", "batch_size"))
        each = math.ceil(images / batch)
        if self.tell and each * epochs < FEW_STEPS:
            small = min(batch, SMALL_BATCH)
            line = tr(
                "warning: {images:,} images in batches of {batch} make {each} steps an epoch and {all:,} in all, which "
                "is too few to learn much. For {enough:,}: --batch-size {small} --epochs {more}",
                images=images,
                batch=batch,
                each=each,
                all=each * epochs,
                enough=ENOUGH_STEPS,
                small=small,
                more=math.ceil(ENOUGH_STEPS / math.ceil(images / small)),
            )
            print(line, file=sys.stderr, flush=True)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the log so far."""
        log = self.run.log
        warning = collapse_warning(log)
        if warning is None:
            return
        self.run.record({**log[-1], "warnings": [warning]})
        if self.tell:
            line = tr("warning: epoch {epoch}: {warning}", epoch=epoch + 1, warning=warning)
            print(line, file=sys.stderr, flush=True)
