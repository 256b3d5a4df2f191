"""Many steps of training or validation in one program, instead of one step a call from Python.

The steps are the model's own, ``train_step`` and ``test_step`` of Keras, and so are ``fit``, its callbacks, its history
and its validation: Keras keeps a ``train_function`` that it is given, and calls it once for so many steps. What they
leave in the model is the same to the last bit, however many a call takes.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from latente.training.feed import Feed, Resident, Segment
from latente.training.loops.unchanged import unchanged

SECONDS = 0.25
"""What a call takes, so that progress is told, and an interruption answered, within a second on a busy machine too."""
TRIAL = 0.05
"""Seconds of steps that tell how long one takes."""

State = Any


@dataclass(frozen=True)
class Chunks:
    """What ``fit`` is given.

    Attributes:
        size: Steps that each call takes.
        training: Its ``x``.
        validation: Its ``validation_data``.
        resident: Whether all training images stay on the device.
    """

    size: int
    training: Any
    validation: Any
    resident: bool


class Loop(Protocol):
    """The steps of one kind, of training or of validation, on one backend."""

    def state(self) -> State:
        """What the steps change, where they are given it and give it back; None where they change the model itself."""

    def take(self, segment: Segment, state: State) -> tuple[dict[str, Any], State]:
        """Take the steps of a segment, up to the first one whose loss is not finite.

        Returns:
            The metrics of the epoch so far, and the state.
        """

    def function(self, take: Callable[[int, State], tuple[dict[str, Any], State]]) -> Callable[..., Any]:
        """In the form in which Keras calls it, what takes the steps of a chunk, by its number."""


def loop(vae: keras.Model, train: bool) -> Loop:
    """The loop of the backend."""
    return importlib.import_module(f"latente.training.loops.{keras.backend.backend()}").Loop(vae, train)


@contextlib.contextmanager
def in_chunks(vae: keras.Model, feed: Feed, held_out: Feed) -> Iterator[Chunks]:
    """Within it, ``keras.Model.fit`` takes many steps a call.

    Args:
        vae: A compiled model, whose optimizer is built.
        feed: The images of training, at the first epoch that is to come.
        held_out: Those of validation.

    Yields:
        What ``fit`` is given, and how many steps a call takes.
    """
    training, validation = loop(vae, train=True), loop(vae, train=False)
    size = steps_a_call(vae, training, feed)
    vae.train_function = training.function(_by_number(training, feed, size))
    vae.test_function = validation.function(_by_number(validation, held_out, size))
    try:
        given, held = (numbers(math.ceil(len(each) / size)) for each in (feed, held_out))
        yield Chunks(size, given, held, isinstance(feed, Resident))
    finally:
        vae.train_function = vae.test_function = None


def _by_number(loop: Loop, feed: Feed, size: int) -> Callable[[int, State], tuple[dict[str, Any], State]]:
    def take(number: int, state: State) -> tuple[dict[str, Any], State]:
        first = number * size
        logs: dict[str, Any] = {}
        for segment in feed.segments(first, min(first + size, len(feed))):
            logs, state = loop.take(segment, state)
        return logs, state

    return take


def steps_a_call(vae: keras.Model, loop: Loop, feed: Feed) -> int:
    """How many steps of training take ``SECONDS``."""
    most = min(feed.full, feed.window)
    if most == 0:
        return 1

    def seconds(steps: int) -> float:
        begun = time.perf_counter()
        for segment in feed.segments(0, steps):
            logs, _ = loop.take(segment, loop.state())
            float(logs["loss"])  # waits for it
        return time.perf_counter() - begun

    with unchanged(vae):
        seconds(1)  # compiles
    steps = 1
    while True:
        with unchanged(vae):
            taken = seconds(steps)
        if taken >= TRIAL or steps == most:
            return max(1, min(len(feed), round(SECONDS / taken * steps)))
        steps = min(most, 2 * steps)


def numbers(count: int) -> Any:
    """The numbers of the chunks of an epoch, as Keras takes them."""
    if keras.backend.backend() != "tensorflow":
        return Numbers(count)
    import tensorflow as tf

    # Keras would make a dataset of its own, whose end can wait for tf.data's tuning thread: up to minutes.
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.range(count).with_options(options)


class Numbers(keras.utils.PyDataset):
    """So many numbers, one an item."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[np.ndarray]:
        return (np.array(index),)
