"""Many small calls of the model at the same time become one large call."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

import numpy as np

Rows = dict[str, np.ndarray]
Function = Callable[[np.ndarray, np.ndarray | None], Rows]

TOGETHER = 512
"""No more is joined to a call that has so many rows."""


@dataclass(frozen=True)
class _Call:
    rows: np.ndarray
    labels: np.ndarray | None
    answer: Future[Rows] = field(default_factory=Future)


class Batched:
    """A function of rows that may be called from many threads: while it computes, the calls that come are joined.

    Nobody waits for company: a lone call is computed at once. The rows are padded to a power of two, so that a
    backend that compiles for each size does so a few times only.

    Args:
        function: Takes rows ``(n, ...)`` and their labels ``(n,)`` or None, and gives arrays of n rows by name.
        worker: Where it is called, one call after another.
        observe: Is told the number of rows of each call.
    """

    def __init__(self, function: Function, worker: Executor, observe: Callable[[int], None]) -> None:
        self._function, self._worker, self._observe = function, worker, observe
        self._waiting: deque[_Call] = deque()
        self._lock = threading.Lock()

    def __call__(self, rows: np.ndarray, labels: np.ndarray | None = None) -> Rows:
        """The function's answer to these rows; blocks until it is there."""
        call = _Call(rows, labels)
        with self._lock:
            self._waiting.append(call)
        self._worker.submit(self._compute_waiting)  # often finds that an earlier one took this call along
        return call.answer.result()

    def _compute_waiting(self) -> None:
        calls = self._taken()
        if not calls:
            return
        try:
            rows = np.concatenate([call.rows for call in calls])
            labels = [call.labels for call in calls if call.labels is not None]
            self._observe(len(rows))
            found = self._function(_padded(rows), _padded(np.concatenate(labels)) if labels else None)
        except BaseException as error:  # whatever it was, it belongs to those who wait
            for call in calls:
                call.answer.set_exception(error)
            return
        start = 0
        for call in calls:
            part = slice(start, start + len(call.rows))
            call.answer.set_result({name: array[part] for name, array in found.items()})
            start = part.stop

    def _taken(self) -> list[_Call]:
        calls: list[_Call] = []
        with self._lock:
            while self._waiting and sum(len(call.rows) for call in calls) < TOGETHER:
                calls.append(self._waiting.popleft())
        return calls


def _padded(rows: np.ndarray) -> np.ndarray:
    """The rows, the last one repeated up to the next power of two."""
    missing = (1 << (len(rows) - 1).bit_length()) - len(rows)
    return np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])
