"""A look at the latents after each epoch, by the criteria of the diagnosis."""

from __future__ import annotations

import sys
from typing import Any

import keras

from latente.language import tr
from latente.model.collapse import collapse_warning
from latente.training.run import Run


class Health(keras.callbacks.Callback):
    """Warns at the epoch in which a collapse begins: in the log, as ``warnings`` of its entry, and on standard error.

    The log holds it in English, whatever the reader's language.

    It reads what the ``Recorder`` wrote, so it comes after it.

    Args:
        run: Whose log it reads and adds to.
        tell: Whether to write to standard error too.
    """

    def __init__(self, run: Run, tell: bool) -> None:
        super().__init__()
        self.run = run
        self.tell = tell

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
