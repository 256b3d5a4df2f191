"""What every request passes: how many there may be, how large they are, how they are counted; with a clock by hand."""

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import generate_latest

from hand_made import HEADERS
from latente.serving import middleware
from latente.serving.middleware import Gate
from latente.serving.monitoring import Monitor

MOST_BYTES = 16_777_216
SENT = {name.encode(): value.encode() for name, value in HEADERS.items()}


def scope(method: str = "POST", **headers: str) -> dict[str, Any]:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": "/", "headers": sent}


async def ask(app: Any, asked: dict[str, Any], body: Iterator[bytes] | None = None) -> tuple[int, dict, bytes]:
    """Status, headers and body of the answer."""
    got: list[dict] = []
    pieces = body or iter(())

    async def receive() -> dict:
        piece = next(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    async def send(message: dict) -> None:
        got.append(message)

    await app(asked, receive, send)
    return got[0]["status"], dict(got[0]["headers"]), b"".join(each.get("body", b"") for each in got[1:])


async def well(asked: dict, receive: Any, send: Any) -> None:
    asked["route"] = type("Route", (), {"path": "/runs/{run}"})
    await send({"type": "http.response.start", "status": 201, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"well"})


def test_256_requests_are_answered_at_once_and_the_next_is_told_to_wait() -> None:
    monitor = Monitor()

    async def story() -> list[tuple[int, dict, bytes]]:
        go = asyncio.Event()

        async def waits(*asked: Any) -> None:
            await go.wait()
            await well(*asked)

        gate = Gate(waits, monitor)
        inside = [asyncio.create_task(ask(gate, scope())) for _ in range(256)]
        await asyncio.sleep(0)
        assert monitor.registry.get_sample_value("latente_requests_running") == 256
        refused = await asyncio.wait_for(ask(gate, scope()), 10)
        go.set()
        after = await asyncio.gather(*inside)
        return [refused, await ask(gate, scope()), *after]

    refused, *answered = asyncio.run(story())
    assert refused[0] == 429 and refused[1][b"retry-after"] == b"1"
    assert refused[2] == (b'{"detail":"At most 256 requests are answered at the same time. Try again in a second."}')
    assert SENT.items() <= refused[1].items()
    assert {status for status, _, _ in answered} == {201} and len(answered) == 257
    assert monitor.registry.get_sample_value("latente_requests_running") == 0


@pytest.mark.parametrize(
    ("length", "status"), [("16777216", 201), ("16777217", 413), ("none", 201), ("-1", 201), ("0", 201)]
)
def test_the_length_that_is_said_decides_before_the_body_is_read(length: str, status: int) -> None:
    found, headers, body = asyncio.run(ask(Gate(well, Monitor()), scope(content_length=length)))
    assert found == status
    assert SENT.items() <= headers.items()
    if status == 413:
        assert b"A request may have 16,777,216 bytes. Received more: send fewer images, or smaller ones." in body
    else:
        assert headers[b"x-own"] == b"1" and body == b"well"


def test_of_a_body_that_is_too_large_twenty_times_the_limit_is_taken_and_no_more() -> None:
    def pieces(n: int) -> Iterator[bytes]:
        for _ in range(n):
            yield piece

    piece = bytes(MOST_BYTES)
    gate = Gate(well, Monitor())
    whole, endless = pieces(3), pieces(30)
    assert asyncio.run(ask(gate, scope(content_length="50331648"), whole))[0] == 413
    assert next(whole, None) is None
    assert asyncio.run(ask(gate, scope(content_length="503316480"), endless))[0] == 413
    assert len(list(endless)) == 30 - 20


def test_requests_are_counted_and_timed_by_address_and_status(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests of 4 ms, 0.3 s, 3 s and 61 s, each in the buckets at and above it; and one that fails after 20 ms."""
    now = [100.0]
    monkeypatch.setattr(middleware.time, "perf_counter", lambda: now[0])

    def lasting(seconds: float, app: Callable) -> Callable:
        async def slow(*asked: Any) -> None:
            now[0] += seconds
            await app(*asked)

        return slow

    async def fails(*asked: Any) -> None:
        raise ValueError("a defect")

    monitor = Monitor()
    for seconds in (0.004, 0.3, 3, 61):
        asyncio.run(ask(Gate(lasting(seconds, well), monitor), scope("GET")))
    with pytest.raises(ValueError, match="a defect"):
        asyncio.run(ask(Gate(lasting(0.02, fails), monitor), scope("POST")))
    text = generate_latest(monitor.registry).decode()
    assert 'latente_requests_total{address="/runs/{run}",method="GET",status="201"} 4.0' in text
    assert 'latente_requests_total{address="other",method="POST",status="500"} 1.0' in text
    series = r'latente_request_seconds_bucket\{address="/runs/\{run\}",le="(\S+)",method="GET"\} (\S+)'
    assert [(float(edge), float(count)) for edge, count in re.findall(series, text)] == [
        *[(0.0025, 0), (0.005, 1), (0.01, 1), (0.025, 1), (0.05, 1), (0.1, 1), (0.25, 1), (0.5, 2), (1, 2), (2.5, 2)],
        *[(10, 3), (60, 3), (float("inf"), 4)],
    ]
    value = monitor.registry.get_sample_value
    asked = {"address": "/runs/{run}", "method": "GET"}
    assert value("latente_request_seconds_sum", asked) == pytest.approx(64.304)
    failed = {"address": "other", "method": "POST"}
    assert value("latente_request_seconds_sum", failed) == pytest.approx(0.02)
    assert value("latente_requests_running") == 0


def test_the_rows_of_each_call_of_a_model_are_counted() -> None:
    monitor = Monitor()
    for rows in (1, 3, 500, 1025):
        monitor.rows.observe(rows)
    text = generate_latest(monitor.registry).decode()
    found = re.findall(r'latente_model_rows_bucket\{le="(\S+)"\} (\S+)', text)
    assert [(float(edge), float(count)) for edge, count in found] == [
        *[(1, 1), (2, 1), (4, 2), (8, 2), (16, 2), (32, 2), (64, 2), (128, 2), (256, 2)],
        *[(512, 3), (1024, 3), (float("inf"), 4)],
    ]
    assert "latente_model_rows_sum 1529.0" in text


def test_what_is_no_request_passes_uncounted() -> None:
    seen: list[str] = []

    async def app(asked: dict, receive: Any, send: Any) -> None:
        seen.append(asked["type"])

    monitor = Monitor()
    asyncio.run(Gate(app, monitor)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
    assert "latente_requests_total{" not in generate_latest(monitor.registry).decode()
