"""The images of a split where the steps are taken: all of them on the device, or one window after another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from keras import ops

from latente import backend
from latente.data.dataset import chunks
from latente.training.batches import Batches

SHARE = 0.25
"""Of an accelerator's memory: images that take no more than this stay there for the whole training."""
COPY = 2**28
"""Bytes of images that a CPU's memory may hold twice, as the data set and as the backend's."""
WINDOW = 2**25
"""Bytes of images that are on the device otherwise, beside as many that are on their way."""


@dataclass(frozen=True)
class Segment:
    """Steps for one program: batches of one size, of which it takes those from ``first`` up to ``last``.

    Attributes:
        arrays: On the device, what a batch is made of: images, uint8, ``(n, H, W, C)``; or ``{"images": ..., "labels":
            ...}`` with their classes, ``(n,)``.
        rows: Which of them make each batch, ``(batches, batch)``, int32.
        first: The first batch to take, an int32 tensor.
        last: The one after the last.
    """

    arrays: Any
    rows: Any
    first: Any
    last: Any


@dataclass(frozen=True)
class Window:
    """Images on the device, and the rows of the full batches among them and of the ragged one."""

    arrays: Any
    full: Any
    ragged: Any


class Feed(ABC):
    """Batches on the device.

    Args:
        batches: The batches, on the host.
        window: So many of them are on the device at a time.
    """

    def __init__(self, batches: Batches, window: int) -> None:
        self.batches, self.window = batches, window
        self.full, self.ragged = divmod(len(batches.split), batches.size)
        self._held: tuple[tuple[int, int], Window] | None = None

    def __len__(self) -> int:
        return len(self.batches)

    @abstractmethod
    def load(self, number: int) -> Window:
        """A window, by its number in the epoch that the batches stand at."""

    def segments(self, first: int, last: int) -> Iterator[Segment]:
        """The steps from ``first`` up to ``last`` of that epoch."""
        while first < last:
            number, offset = divmod(first, self.window)
            start = first - offset
            key = self.batches.epoch, number
            if self._held is None or self._held[0] != key:
                self._held = None  # its memory is free before the next window comes
                self._held = key, self.load(number)
            held, end = self._held[1], min(last, start + self.window)
            if first < (full := min(end, self.full)):
                yield _segment(held, held.full, offset, full - start)
            if end > self.full:
                yield _segment(held, held.ragged, 0, 1)
            first = end


class Resident(Feed):
    """All images stay on the device; an epoch brings the numbers of its rows alone."""

    def __init__(self, batches: Batches) -> None:
        super().__init__(batches, len(batches))
        images = batches.split.images
        images = images if isinstance(images, np.ndarray) else np.concatenate(list(chunks(images)))
        self.arrays = _together(images, batches.labels)

    def load(self, number: int) -> Window:
        """The images with the rows of this epoch."""
        full, ragged = np.split(self.batches.order.astype("int32"), [self.full * self.batches.size])
        shape = self.full, self.batches.size
        return Window(self.arrays, *map(ops.convert_to_tensor, (full.reshape(shape), ragged[None])))


class Streamed(Feed):
    """A window of the epoch's batches at a time, while the next one is read."""

    def __init__(self, batches: Batches) -> None:
        each = batches.size * prod(batches.split.image_shape)
        super().__init__(batches, min(len(batches), max(1, WINDOW // each)))
        self._reader = ThreadPoolExecutor(1, "reads ahead")
        self._next: tuple[tuple[int, int], Future[Window]] | None = None

    def load(self, number: int) -> Window:
        """The window, read already where it follows the one before."""
        epoch = self.batches.epoch
        found = self._next[1].result() if self._next and self._next[0] == (epoch, number) else self._read(number)
        if (number + 1) * self.window < len(self):
            self._next = (epoch, number + 1), self._reader.submit(self._read, number + 1)
        return found

    def _read(self, number: int) -> Window:
        first = number * self.window
        images, labels = self.batches.read(first, first + self.window)
        room = self.window * self.batches.size  # always as much, for a program is compiled for one shape
        full = np.arange(room, dtype="int32").reshape(self.window, self.batches.size)
        ragged = np.arange(len(images) - self.ragged, len(images), dtype="int32")[None]
        arrays = _together(_filled(images, room), None if labels is None else _filled(labels, room))
        return Window(arrays, *map(ops.convert_to_tensor, (full, ragged)))


def feed(batches: Batches) -> Feed:
    """The batches on the device, in the form that its memory allows; images drawn anew each epoch are streamed."""
    memory = backend.memory()
    room = COPY if memory is None else SHARE * memory
    fits = len(batches.split) * prod(batches.split.image_shape) <= room
    return Resident(batches) if fits and not batches.dynamic else Streamed(batches)


def _together(images: np.ndarray, labels: np.ndarray | None) -> Any:
    on_device = ops.convert_to_tensor(images)
    return on_device if labels is None else {"images": on_device, "labels": ops.convert_to_tensor(labels)}


def _filled(array: np.ndarray, room: int) -> np.ndarray:
    missing = room - len(array)
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), array.dtype)]) if missing else array


def _segment(held: Window, rows: Any, first: int, last: int) -> Segment:
    return Segment(held.arrays, rows, *(ops.convert_to_tensor(np.int32(end)) for end in (first, last)))
