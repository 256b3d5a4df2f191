"""Each limit of the service: the last that it allows, and the first that it refuses, with its status and reason."""

import base64
import io
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from hand_made import HEADERS
from latente.serving import create_app, images
from latente.training import Run

TEST = {"test": 6}
ENDS = {"start": TEST, "end": TEST}
FOUR = [0, 0, 0, 0]


def moved(**asked: Any) -> tuple[str, dict]:
    return "traverse", {"format": "array", **asked}


def array(pixel: float = 0.5, height: int = 3, width: int = 5, channels: int = 1) -> dict:
    return {"images": [[[[pixel] * channels] * width] * height]}


LIMITS = {
    "images to encode": ("encode", {"images": [TEST] * 500}, {"images": [TEST] * 501}, 422, "at most 500 items"),
    "no image": ("encode", {"images": [TEST]}, {"images": []}, 422, "at least 1 item"),
    "images to score": ("score", {"images": [TEST] * 500}, {"images": [TEST] * 501}, 422, "at most 500 items"),
    "images to rebuild": ("reconstruct", {"images": [TEST] * 500}, {"images": [TEST] * 501}, 422, "at most 500 items"),
    "images near": ("neighbours", {"images": [TEST] * 500}, {"images": [TEST] * 501}, 422, "at most 500 items"),
    "codes to decode": ("decode", {"codes": [FOUR] * 500}, {"codes": [FOUR] * 501}, 422, "at most 500 items"),
    "no code": ("decode", {"codes": [FOUR]}, {"codes": []}, 422, "at least 1 item"),
    "codes near": ("neighbours", {"codes": [FOUR] * 500}, {"codes": [FOUR] * 501}, 422, "at most 500 items"),
    "test images": (
        "encode",
        {"images": [TEST]},
        {"images": [{"test": 7}]},
        404,
        "The test images are 0 to 6. Received 7.",
    ),
    "a test image before the first": ("encode", {"images": [{"test": 0}]}, {"images": [{"test": -1}]}, 422, "to 0"),
    "a test image's number": ("encode", {"images": [TEST]}, {"images": [{"test": 2**31}]}, 422, "less than 2147483648"),
    "white": ("encode", array(1), array(1.0001), 422, "less than or equal to 1"),
    "black": ("encode", array(0), array(-0.0001), 422, "greater than or equal to 0"),
    "rows": (
        "encode",
        array(),
        array(height=5, width=3),
        422,
        "An array must have the shape (3, 5, 1). Received 5 rows, with lengths [1, 3, 5].",
    ),
    "columns": (
        "encode",
        array(),
        array(width=4),
        422,
        "An array must have the shape (3, 5, 1). Received 3 rows, with lengths [1, 3, 4].",
    ),
    "channels": (
        "encode",
        array(),
        array(channels=3),
        422,
        "An array must have the shape (3, 5, 1). Received 3 rows, with lengths [3, 5].",
    ),
    "an empty text": ("encode", {"images": [TEST]}, {"images": [""]}, 422, "at least 1 character"),
    "a latent above": ("decode", {"codes": [[0, 1e4, 0, 0]]}, {"codes": [[0, 10001, 0, 0]]}, 422, "equal to 10000"),
    "a latent below": ("decode", {"codes": [[0, -1e4, 0, 0]]}, {"codes": [[0, -10001, 0, 0]]}, 422, "to -10000"),
    "a code's length": (
        "decode",
        {"codes": [FOUR]},
        {"codes": [FOUR, [0] * 5]},
        422,
        "Codes must have 4 numbers each. Received [4, 5].",
    ),
    "samples": ("sample", {"n": 1000}, {"n": 1001}, 422, "body.n: Input should be less than or equal to 1000"),
    "no sample": ("sample", {"n": 1}, {"n": 0}, 422, "body.n: Input should be greater than or equal to 1"),
    "warmth": (
        "sample",
        {"temperature": 100},
        {"temperature": 100.1},
        422,
        "temperature: Input should be less than or",
    ),
    "cold": ("sample", {"temperature": 0}, {"temperature": -0.1}, 422, "temperature: Input should be greater than or"),
    "seeds of samples": ("sample", {"seed": 2**31 - 1}, {"seed": 2**31}, 422, "body.seed: Input should be less than 2"),
    "labels": ("sample", {"labels": None}, {"labels": 2**31}, 422, "less than 2147483648"),
    "a seed below 0": (
        "sample",
        {"seed": 0},
        {"seed": -1},
        422,
        "body.seed: Input should be greater than or equal to 0",
    ),
    "steps of a path": (
        "interpolate",
        {**ENDS, "steps": 100},
        {**ENDS, "steps": 101},
        422,
        "steps: Input should be less",
    ),
    "one step": ("interpolate", {**ENDS, "steps": 2}, {**ENDS, "steps": 1}, 422, "steps: Input should be greater"),
    "paths": ("interpolate", {**ENDS, "path": "spherical"}, {**ENDS, "path": "round"}, 422, "'linear' or 'spherical'"),
    "formats": (
        "decode",
        {"codes": [FOUR], "format": "png"},
        {"codes": [FOUR], "format": "jpg"},
        422,
        "'png' or 'array'",
    ),
    "steps of a traversal": (*moved(steps=100), {"steps": 101}, 422, "steps: Input should be less"),
    "one step of a traversal": (*moved(steps=2), {"steps": 1}, 422, "steps: Input should be greater"),
    "latents": (*moved(dimensions=[3] * 100, steps=10), {"dimensions": [3] * 101}, 422, "at most 100 items"),
    "no latent": (*moved(dimensions=[0]), {"dimensions": []}, 422, "at least 1 item"),
    "the last latent": (
        *moved(dimensions=[3]),
        {"dimensions": [0, 4]},
        422,
        "The latents are 0 to 3. Received [0, 4].",
    ),
    "the first latent": (*moved(dimensions=[0]), {"dimensions": [-1]}, 422, "The latents are 0 to 3. Received [-1]."),
    "images of a traversal": (
        *moved(dimensions=[1] * 25, steps=40),
        {"dimensions": [1] * 77, "steps": 13},
        413,
        "At most 1000 images. Received 77 latents of 13 steps.",
    ),
    "a centre": (*moved(centre=FOUR), {"centre": [0, 0, 0]}, 422, "Codes must have 4 numbers each. Received [3]."),
    "neighbours": (
        "neighbours",
        {"codes": [FOUR], "n": 100},
        {"codes": [FOUR], "n": 101},
        422,
        "n: Input should be less",
    ),
    "no neighbour": (
        "neighbours",
        {"codes": [FOUR], "n": 1},
        {"codes": [FOUR], "n": 0},
        422,
        "n: Input should be greater",
    ),
    "images or codes": ("neighbours", {"codes": [FOUR]}, {}, 422, "Give images or codes. Received both or neither."),
    "not both": (
        "neighbours",
        {"images": [TEST]},
        {"images": [TEST], "codes": [FOUR]},
        422,
        "Give images or codes. Received both or neither.",
    ),
}


def told(answer: Any, reason: str) -> bool:
    """Whether an answer gives this sentence, or holds these words of one that is not Latente's own."""
    detail = answer.json()["detail"]
    return detail == reason if reason.endswith(".") else reason in detail


@pytest.mark.parametrize("limit", LIMITS)
def test_the_last_is_allowed_and_the_next_refused(client: TestClient, limit: str) -> None:
    what, allowed, refused, status, reason = LIMITS[limit]
    address = f"/api/v1/runs/wide/{what}"
    answer = client.post(address, json=allowed)
    assert answer.status_code == 200, answer.text
    answer = client.post(address, json=refused)
    assert (answer.status_code, list(answer.json())) == (status, ["detail"])
    assert told(answer, reason)


LABELS = {
    "classes": ("decode", {"codes": [[0, 0, 0]] * 2, "labels": [2, 0]}, {"labels": [3, 0]}, "Received 0 to 3."),
    "one for all": ("decode", {"codes": [[0, 0, 0]] * 2, "labels": 2}, {"labels": 3}, "Received 3 to 3."),
    "one each": ("decode", {"codes": [[0, 0, 0]] * 2, "labels": [1, 1]}, {"labels": [1, 1, 1]}, "each of 2"),
    "some": ("decode", {"codes": [[0, 0, 0]], "labels": 0}, {"labels": None}, "needs labels, whole numbers 0 to 2."),
    "a thousand": ("sample", {"n": 1000, "labels": [1] * 1000}, {"labels": [1] * 1001}, "at most 1000 items"),
    "no list": ("sample", {"n": 1, "labels": [1]}, {"labels": []}, "at least 1 item"),
    "none below 0": ("sample", {"labels": 0}, {"labels": -1}, "greater than or equal to 0"),
    "numbers": ("sample", {"labels": 1}, {"labels": "1"}, "valid integer"),
    "of a traversal": ("traverse", {"labels": 2}, {"labels": [2]}, "valid integer"),
}


@pytest.mark.parametrize("limit", LABELS)
def test_labels_are_those_of_the_classes(client: TestClient, limit: str) -> None:
    what, allowed, other, reason = LABELS[limit]
    address = f"/api/v1/runs/colour/{what}"
    assert client.post(address, json=allowed).status_code == 200
    answer = client.post(address, json=allowed | other)
    assert answer.status_code == 422 and reason in answer.json()["detail"]


@pytest.mark.parametrize(
    ("allowed", "refused", "status", "reason"),
    [
        ("wide/map?n=10000", "wide/map?n=10001", 422, "query.n: Input should be less than or equal to 10000"),
        ("wide/map?n=1", "wide/map?n=0", 422, "query.n: Input should be greater than or equal to 1"),
        ("wide/map?x=3&y=0", "wide/map?x=4&y=0", 422, "x and y must be two of the latents 0 to 3. Received 4 and 0."),
        ("wide/map?x=0&y=3", "wide/map?x=0", 422, "x and y go together. Received one of them."),
        ("wide/map?x=0&y=3", "wide/map?y=3", 422, "x and y go together. Received one of them."),
        ("wide/map?x=0&y=1", "wide/map?x=-1&y=1", 422, "query.x: Input should be greater than or equal to 0"),
        ("wide/map?x=1&y=0", "wide/map?x=1&y=-1", 422, "query.y: Input should be greater than or equal to 0"),
        ("wide/map?x=1&y=0", "wide/map?x=1&y=2147483648", 422, "query.y: Input should be less than 2147483648"),
        ("wide/images/6", "wide/images/7", 404, "The test images are 0 to 6. Received 7."),
        ("wide/images/0", "wide/images/-1", 422, "path.index: Input should be greater than or equal to 0"),
        ("wide/images/0", "wide/images/2147483648", 422, "path.index: Input should be less than 2147483648"),
        ("wide", "wade", 404, "The runs are wide, colour. Received another name: GET /api/v1/runs lists them."),
        ("wide", "a" * 255, 404, "The runs are wide, colour. Received another name: GET /api/v1/runs lists them."),
        ("wide", "a" * 256, 422, "path.run: String should have at most 255 characters"),
    ],
)
def test_addresses_have_limits_too(client: TestClient, allowed: str, refused: str, status: int, reason: str) -> None:
    assert client.get(f"/api/v1/runs/{allowed}").status_code == 200
    answer = client.get(f"/api/v1/runs/{refused}")
    assert answer.status_code == status and told(answer, reason)


@pytest.mark.parametrize("chunked", [False, True], ids=["of known length", "in pieces"])
def test_a_body_may_have_16_mebibytes(client: TestClient, chunked: bool) -> None:
    def send(size: int) -> tuple[int, Any]:
        body = b'{"codes": [[0, 0, 0, 0]]}'.ljust(size)
        pieces: Any = iter([body[: size // 2], body[size // 2 :]]) if chunked else body
        headers = {"content-type": "application/json"}
        answer = client.post("/api/v1/runs/wide/decode", content=pieces, headers=headers)
        return answer.status_code, answer.json().get("detail")

    assert send(16_777_216) == (200, None)
    told = "A request may have 16,777,216 bytes. Received more: send fewer images, or smaller ones."
    assert send(16_777_217) == (413, told)


def file_of(width: int, height: int) -> str:
    stream = io.BytesIO()
    Image.new("L", (width, height)).save(stream, "PNG", compress_level=1)
    return base64.b64encode(stream.getvalue()).decode()


def test_the_files_of_a_request_may_have_16_million_pixels_together(client: TestClient) -> None:
    half, rest, more = file_of(2048, 4096), file_of(4096, 2048), file_of(2731, 3072)  # the last has 1,024 more

    def send(*files: str) -> Any:
        return client.post("/api/v1/runs/wide/encode", json={"images": list(files)})

    assert send(half, rest).status_code == 200
    refused = send(half, more)
    told = "The image files of one request may have 16,777,216 pixels together. Received more: send smaller ones."
    assert (refused.status_code, refused.json()["detail"]) == (413, told)
    assert send(rest, half, file_of(1, 1)).status_code == 413


def test_two_files_are_decoded_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now, most, lock = 0, 0, threading.Lock()

    def read(*asked: Any) -> Any:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return original(*asked)

    original = images._read
    monkeypatch.setattr(images, "_read", read)
    file = file_of(5, 3)
    with ThreadPoolExecutor(6) as clients:
        list(clients.map(lambda _: images.read_files([file], (3, 5, 1)), range(6)))
    assert most == 2


def test_the_models_compute_one_call_after_another(client: TestClient) -> None:
    now, most = 0, 0

    def call() -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        time.sleep(0.01)
        now -= 1

    served = client.app.state.runs.values()
    with ThreadPoolExecutor(6) as clients:
        for each in [clients.submit(run.loaded()._in_turn, call) for run in served for _ in range(3)]:
            each.result()
    assert most == 1


def test_no_more_than_five_mistakes_are_told(client: TestClient) -> None:
    body = {f"wrong{i}": i for i in range(7)}
    detail = client.post("/api/v1/runs/wide/sample", json=body).json()["detail"]
    assert detail == "; ".join(f"body.wrong{i}: Extra inputs are not permitted" for i in range(5))


def answers(client: TestClient) -> Iterator[tuple[int, Any]]:
    """Every kind of answer, with the status that it has."""
    yield 200, client.get("/")
    yield 200, client.get("/page/main.js")
    yield 200, client.get("/plotly.min.js")
    yield 200, client.get("/texts/es")
    yield 200, client.get("/healthz")
    yield 200, client.get("/metrics")
    yield 200, client.get("/api/v1/openapi.json")
    yield 200, client.get("/api/v1/runs")
    yield 200, client.get("/api/v1/runs/wide/images/0")
    yield 200, client.post("/api/v1/runs/wide/sample", json={})
    yield 304, client.get("/page/main.js", headers={"If-None-Match": client.get("/page/main.js").headers["etag"]})
    yield 400, client.post("/api/v1/runs/wide/sample", content=b"\xff", headers={"content-type": "application/json"})
    yield 400, client.get("/healthz", headers={"host": "rebound.example"})
    yield 404, client.get("/docs")
    yield 404, client.get("/redoc")
    yield 404, client.get("/page/none.js")
    yield 404, client.get("/api/v1/runs/none")
    yield 405, client.delete("/api/v1/runs/wide")
    yield 413, client.post("/api/v1/runs/wide/sample", content=b" " * 16_777_217)
    yield 422, client.post("/api/v1/runs/wide/sample", json={"n": 0})


def test_every_kind_of_answer_has_the_headers_for_browsers(wide: Run) -> None:
    with TestClient(create_app([wide], hosts=["testserver"]), raise_server_exceptions=False) as client:
        for status, answer in answers(client):
            assert answer.status_code == status, answer.url
            assert HEADERS.items() <= dict(answer.headers).items(), answer.url
            if status >= 404:
                assert list(answer.json()) == ["detail"]
        assert client.get("/nowhere").json() == {
            "detail": "There is nothing at this address. /api/v1/openapi.json lists what there is."
        }
        wrong = client.put("/api/v1/runs/wide")
        assert wrong.json() == {"detail": "Method Not Allowed"} and wrong.headers["allow"] == "GET"
        for address in ("/", "/page/main.js", "/page/style.css"):
            assert client.get(address).headers["cache-control"] == "no-cache"
        assert client.get("/metrics").headers["content-type"].startswith("text/plain")
        assert "latente_requests_total" in client.get("/metrics").text


def test_a_defect_is_answered_in_the_same_form(wide: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Run, "log", property(lambda run: 1 / 0))
    with TestClient(create_app([wide]), raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/runs/wide/log")
        assert answer.status_code == 500
        assert HEADERS.items() <= dict(answer.headers).items()
        assert answer.json() == {"detail": "The service failed at this request. Its log says more."}
        told = client.get("/metrics").text
    assert 'latente_requests_total{address="/api/v1/runs/{run}/log",method="GET",status="500"} 1.0' in told
