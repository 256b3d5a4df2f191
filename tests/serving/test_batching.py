"""Many small calls as one large: which are joined, what the function is given, and whose answer is whose."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from latente.serving.batching import Batched


class Recorded:
    """A function that keeps what it is given, and waits at its first call until it is let go."""

    def __init__(self) -> None:
        self.given: list[tuple[np.ndarray, np.ndarray | None]] = []
        self.go = threading.Event()

    def __call__(self, rows: np.ndarray, labels: np.ndarray | None) -> dict[str, np.ndarray]:
        self.given.append((rows, labels))
        self.go.wait(10)
        return {"rows": 10 * rows, "labels": rows * 0 if labels is None else labels}


def until(true: Callable[[], bool]) -> None:
    """Wait for it, though not for ever."""
    for _ in range(10_000):
        if true():
            return
        time.sleep(0.001)
    raise TimeoutError


def answers(calls: list[tuple[Any, Any]]) -> tuple[list[dict], list[int], Recorded]:
    """The answers to calls that came while a first one was computed, in their order."""
    function, sizes = Recorded(), []
    with ThreadPoolExecutor(1) as worker, ThreadPoolExecutor(20) as clients:
        batched = Batched(function, worker, sizes.append)
        clients.submit(batched, np.zeros(1), np.array([9]))
        until(lambda: bool(function.given))
        coming = []
        for n, call in enumerate(calls, 1):
            coming.append(clients.submit(batched, *call))
            until(lambda n=n: len(batched._waiting) == n)
        function.go.set()
        return [each.result(10) for each in coming], sizes, function


@pytest.mark.parametrize(
    ("sizes", "together"),
    [([511, 5], [516]), ([512, 1], [512, 1]), ([300, 300, 2], [600, 2]), ([3, 4], [7]), ([1, 510, 1, 7], [512, 7])],
)
def test_nothing_is_joined_to_512_rows(sizes: list[int], together: list[int]) -> None:
    found, computed, _ = answers([(np.full(n, n), None) for n in sizes])
    assert computed == [1, *together]
    for n, answer in zip(sizes, found, strict=True):
        np.testing.assert_array_equal(answer["rows"], np.full(n, 10 * n))


def test_every_call_gets_the_answer_to_its_rows_with_their_labels() -> None:
    found, sizes, function = answers(
        [(np.array([1, 2, 3]), np.array([7, 8, 7])), (np.array([4]), np.array([5])), (np.array([6]), np.array([0]))]
    )
    assert [each["rows"].tolist() for each in found] == [[10, 20, 30], [40], [60]]
    assert [each["labels"].tolist() for each in found] == [[7, 8, 7], [5], [0]]
    assert sizes == [1, 5]  # the padding is not counted
    rows, labels = function.given[1]
    assert (
        rows.tolist() == [1, 2, 3, 4, 6, 6, 6, 6] and labels is not None and labels.tolist() == [7, 8, 7, 5, 0, 0, 0, 0]
    )


@pytest.mark.parametrize(("n", "padded"), [(1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (8, 8), (9, 16), (500, 512)])
def test_rows_are_padded_to_a_power_of_two(n: int, padded: int) -> None:
    function = Recorded()
    function.go.set()
    with ThreadPoolExecutor(1) as worker:
        found = Batched(function, worker, lambda rows: None)(np.arange(n))
    assert len(function.given[0][0]) == padded and function.given[0][1] is None
    np.testing.assert_array_equal(found["rows"], 10 * np.arange(n))


def test_a_failure_reaches_everyone_who_waits_and_the_next_is_answered() -> None:
    def fails_once(rows: np.ndarray, labels: np.ndarray | None) -> dict[str, np.ndarray]:
        if rows[0, 0] < 0:
            raise ValueError("negative")
        return {"rows": rows}

    with ThreadPoolExecutor(1) as worker:
        batched = Batched(fails_once, worker, lambda rows: None)
        with pytest.raises(ValueError, match="negative"):
            batched(-np.ones((1, 1)))
        assert batched(np.ones((3, 1)))["rows"].shape == (3, 1)
