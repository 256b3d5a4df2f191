"""Telling how training goes: a live bar on a terminal, one plain line per epoch elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from latente.training.length import Length

Logs = dict[str, Any]


@contextlib.contextmanager
def shown(progress: bool, length: Length, steps: int, done: int) -> Iterator[list[Lines]]:
    """The callback that suits standard error, which is left as it was however training ends.

    Args:
        progress: Whether to tell anything.
        length: That of the whole run.
        steps: Steps between two calls.
        done: Epochs finished before (a resumed run).
    """
    if not progress:
        yield []
        return
    kind = Bar if sys.stderr.isatty() else Lines
    lines = kind(length.images, length.batch_size * steps, length.epochs, done)
    try:
        yield [lines]
    finally:
        lines.close()


class Lines(keras.callbacks.Callback):
    """One line on standard error after each epoch."""

    def __init__(self, images: int, each: int, epochs: int, done: int) -> None:
        super().__init__()
        self.images, self.each, self.epochs, self.done = images, each, epochs, done
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the line."""
        epoch += 1
        logs = logs or {}
        elapsed = time.perf_counter() - self.started
        left = elapsed / (epoch - self.done) * (self.epochs - epoch)
        values = {name: float(logs[f"val_{name}"]) for name in ("elbo", "reconstruction", "kl", "active_units")}
        print(
            f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs} loss {float(logs['loss']):.5g} "
            f"val ELBO {values['elbo']:.5g} = -({values['reconstruction']:.5g} + {values['kl']:.4g}) "
            f"active {values['active_units']:.0f} {clock(left)} left",
            file=sys.stderr,
            flush=True,
        )

    def close(self) -> None:
        """Leave the terminal as it was, however training ended."""


class Bar(Lines):
    """A live bar for the epoch in progress, above it the lines of the finished epochs."""

    def __init__(self, images: int, each: int, epochs: int, done: int) -> None:
        super().__init__(images, each, epochs, done)
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
            console=Console(stderr=True),
            transient=True,
        )
        self.task = self.bar.add_task(
            "", total=self.images * self.epochs, completed=self.images * self.done, figures=""
        )

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Show the bar."""
        self.bar.start()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Name the epoch and start its clock."""
        self.epoch = epoch
        self.epoch_started = self.shown = time.perf_counter()
        self.bar.update(self.task, description=f"epoch {epoch + 1}/{self.epochs}")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Refresh the figures a few times a second."""
        now = time.perf_counter()
        if now - self.shown < 0.25:
            return
        self.shown = now
        seen = min((batch + 1) * self.each, self.images)
        logs = logs or {}
        figures = (
            f"loss {float(logs['loss']):.1f} rec {float(logs['reconstruction']):.1f} kl {float(logs['kl']):.1f} "
            f"act {float(logs['active_units']):.0f} {seen / (now - self.epoch_started):.0f} img/s"
        )
        self.bar.update(self.task, completed=self.epoch * self.images + seen, figures=figures)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.stop()


def clock(seconds: float) -> str:
    """A duration as 59s, 12m05s or 3h05m."""
    minutes, seconds = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{seconds}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{seconds:02d}s"
