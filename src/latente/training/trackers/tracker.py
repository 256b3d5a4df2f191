"""What trackers share: they send what an epoch left, and are closed at the end, however that comes."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras

from latente.training.config import flatten
from latente.training.run import Json, Run


class Tracker(keras.callbacks.Callback, ABC):
    """Sends what an epoch left in the run directory: the entry of the log and the pictures.

    It comes after the callbacks that write them, so that it never sends an epoch that a resumed training repeats.

    Args:
        run: The run.
    """

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run = run

    @classmethod
    @abstractmethod
    def check(cls) -> None:
        """Raise ``UserError`` where nothing could be sent; asked before anything slow."""

    @abstractmethod
    def send(self, entry: Json, pictures: dict[str, Path]) -> None:
        """Send the figures of an epoch's entry and the pictures drawn after it, by what they show."""

    @abstractmethod
    def close(self, finished: bool) -> None:
        """Send what is left, and whether training came to its end."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Send what the epoch left."""
        self.send(self.run.log[-1], self.run.pictures(epoch + 1))


def check_tracker(track: str) -> None:
    """Refuse a tracker that could send nothing.

    Raises:
        UserError: Its library is missing, or what it sends to.
    """
    if track != "none":
        _tracker(track).check()


@contextmanager
def tracked(run: Run, track: str) -> Iterator[list[keras.callbacks.Callback]]:
    """The callback that sends the epochs of a run on, if any; it is closed at the end, however that comes."""
    if track == "none":
        yield []
        return
    tracker = _tracker(track)(run)
    finished = False
    try:
        yield [tracker]
        finished = True
    finally:
        tracker.close(finished)


def _tracker(track: str) -> type[Tracker]:
    module = importlib.import_module(f"{__package__}.{track}")
    return next(each for each in Tracker.__subclasses__() if each.__module__ == module.__name__)


def figures(entry: Json) -> dict[str, float | list[float]]:
    """The figures of an entry by name, one or one for each latent: not its epoch, nor its warnings, which are text."""
    return {name: value for name, value in entry.items() if name not in ("epoch", "warnings")}


def hyperparameters(run: Run) -> dict[str, Any]:
    """Every option of the run by its dotted name; what is no number, text or truth value as text."""
    return {
        name: value if isinstance(value, bool | int | float | str) else str(value)
        for name, value in flatten(run.config)
    }
