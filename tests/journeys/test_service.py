"""The HTTP service over small trained runs: what is documented, what a reader meets, and what is hostile."""

import base64
import contextlib
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from PIL import Image

from latente.serving import create_app
from latente.training import Run

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning:schemathesis.*", "ignore::DeprecationWarning:jsonschema_rs.*"
)


@pytest.fixture(scope="module")
def client(run: Run, plane: Run) -> Iterator[TestClient]:
    with TestClient(create_app([run, plane]), raise_server_exceptions=False) as client:
        yield client


def post(client: TestClient, what: str, run: str = "digits", **body: object) -> dict:
    answer = client.post(f"/api/v1/runs/{run}/{what}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def pixels(file: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(file))))


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_a_run_is_told_with_its_latents_by_kl(client: TestClient, run: Run) -> None:
    first, second = client.get("/api/v1/runs").json()
    assert (first["name"], second["name"]) == ("digits", "plane")
    assert first["epoch"] == run.best_epoch["epoch"] and first["test_images"] == len(run.data().test)
    kl = [latent["kl"] for latent in first["latents"]]
    assert kl == sorted(run.best_epoch["val_kl_per_dimension"], reverse=True)
    assert client.get("/api/v1/runs/digits").json() == first
    assert client.get("/api/v1/runs/digits/log").json() == run.log


def test_an_image_may_be_a_file_an_array_or_a_test_image(client: TestClient, run: Run) -> None:
    image = run.data().test.images[4]
    stream = io.BytesIO()
    Image.fromarray(image.squeeze(-1)).save(stream, "PNG")
    asked = [in_base64(stream.getvalue()), (image / 255).tolist(), {"test": 4}]
    found = post(client, "reconstruct", images=asked)
    assert len(set(found["images"])) == len(set(found["inputs"])) == 1
    np.testing.assert_array_equal(pixels(found["inputs"][0]), image.squeeze(-1))
    served = client.get("/api/v1/runs/digits/images/4")
    assert served.headers["content-type"] == "image/png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(served.content))), image.squeeze(-1))


def test_noise_scores_below_digits_and_a_digit_is_its_own_neighbour(client: TestClient, run: Run) -> None:
    noise = np.random.default_rng(0).random(run.data().image_shape).tolist()
    digit, strange = post(client, "score", images=[{"test": 3}, noise])["scores"]
    assert digit["elbo"] == pytest.approx(-digit["reconstruction"] - digit["kl"])
    assert digit["elbo"] > strange["elbo"] and strange["percentile"] < 5
    (near,) = post(client, "neighbours", images=[{"test": 3}], n=4)["neighbours"]
    assert near[0]["index"] == 3 and near[0]["label"] == run.data().test.labels[3]
    assert [each["distance"] for each in near] == sorted(each["distance"] for each in near)


@pytest.mark.parametrize(("name", "query"), [("digits", ""), ("digits", "?x=2&y=0"), ("plane", "")])
def test_a_point_of_the_map_leads_back_to_its_code(client: TestClient, name: str, query: str) -> None:
    found = client.get(f"/api/v1/runs/{name}/map{query}").json()
    codes = post(client, "encode", name, images=[{"test": i} for i in found["indices"][:20]])["codes"]
    basis, origin = np.array(found["basis"]), np.array(found["origin"])
    np.testing.assert_allclose((np.array(codes) - origin) @ basis.T, found["points"][:20], atol=1e-4)
    np.testing.assert_allclose(basis @ basis.T, np.eye(2), atol=1e-6)
    if name == "plane":
        on_plane = origin + np.array(found["points"][:20]) @ basis
        np.testing.assert_allclose(on_plane, codes, atol=1e-4)


def test_a_run_is_diagnosed_when_asked(client: TestClient) -> None:
    address = "/api/v1/runs/plane/diagnosis"
    assert client.get(address).json() is None
    found = client.post(address)
    assert found.status_code == 200 and found.json()["findings"]
    assert client.get(address).json() == found.json()
    for finding in found.json()["findings"]:
        assert finding["translations"]["es"].keys() == {"evidence", "cause", "remedy"}


def test_a_run_in_training_is_served_and_taken_over_when_it_has_a_model(run: Run, tmp_path: Path) -> None:
    young = Run.create(tmp_path / "young", run.config, run.environment)
    with TestClient(create_app([young])) as client:
        assert client.get("/api/v1/runs/young").json()["trained"] is False
        early = client.post("/api/v1/runs/young/sample", json={})
        assert early.status_code == 409 and "first epoch" in early.json()["detail"]
        for entry in run.log:
            young.record(entry)
        young.save(run.model(), best=True)
        assert client.get("/api/v1/runs/young").json()["epoch"] == run.best_epoch["epoch"]
        assert client.post("/api/v1/runs/young/sample", json={}).status_code == 200


def test_a_run_without_its_data_is_served_without_what_needs_them(
    run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gone = {**run.config, "data": {**run.config["data"], "name": f"npz:{tmp_path}/gone.npz"}}
    lost = Run.create(tmp_path / "lost", gone, run.environment)
    for entry in run.log:
        lost.record(entry)
    lost.save(run.model(), best=True)
    with TestClient(create_app([lost])) as client:
        assert "without its data" in caplog.text
        assert client.get("/api/v1/runs/lost").json()["test_images"] is None
        assert client.post("/api/v1/runs/lost/sample", json={}).status_code == 200
        for address in ("map", "images/0"):
            refused = client.get(f"/api/v1/runs/lost/{address}")
            assert refused.status_code == 409 and "--data-dir" in refused.json()["detail"]
        noise = np.zeros(run.environment["image_shape"]).tolist()
        assert (
            client.post("/api/v1/runs/lost/score", json={"images": [noise]}).json()["scores"][0]["percentile"] is None
        )


def test_the_page_is_served_with_its_spanish(client: TestClient) -> None:
    assert 'src="/page/main.js"' in client.get("/").text
    spanish = client.get("/texts/es")
    assert spanish.headers["content-type"] == "application/json"
    assert spanish.json()["Skip to the panel"] == "Ir al panel"


def test_two_runs_of_one_name_are_told_apart(run: Run) -> None:
    with TestClient(create_app([run, run])) as client:
        assert [each["name"] for each in client.get("/api/v1/runs").json()] == ["digits", "digits-2"]


def test_machines_are_told_how_it_is(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    before = _count(client)
    post(client, "decode", codes=[[0, 0, 0]])
    assert _count(client) == before + 1
    client.get("/no/such/address/of/many")
    assert "of/many" not in client.get("/metrics").text


def _count(client: TestClient) -> float:
    pattern = r'latente_requests_total\{address="[^"]*/decode",method="POST",status="200"\} (\S+)'
    found = re.search(pattern, client.get("/metrics").text)
    return float(found[1]) if found else 0


BOMB = b"\x89PNG\r\n\x1a\n"


def bomb() -> bytes:
    """A PNG of 60,000 by 60,000 pixels in 400 kB."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)

    side = (60_000).to_bytes(4)
    header = chunk(b"IHDR", side + side + bytes([8, 0, 0, 0, 0]))
    return BOMB + header + chunk(b"IDAT", zlib.compress(bytes(400_000_00))) + chunk(b"IEND", b"")


HOSTILE = {
    "a bomb": ("encode", lambda: {"images": [in_base64(bomb())]}, 413, "pixels"),
    "a ragged array": ("encode", lambda: {"images": [[[[0.5]], [[0.5], [0.5]]]]}, 422, "lengths"),
    "a huge seed": ("sample", lambda: {"seed": 10**400}, 422, "seed"),
    "a strange option": ("decode", lambda: {"codes": [[0, 0, 0]], "path": "/etc/passwd"}, 422, "not permitted"),
    "labels": ("decode", lambda: {"codes": [[0, 0, 0]], "labels": 3}, 422, "knows no labels"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_request_is_refused_with_its_reason(client: TestClient, case: str) -> None:
    what, body, status, reason = HOSTILE[case]
    answer = client.post(f"/api/v1/runs/digits/{what}", json=body())
    assert answer.status_code == status, answer.text
    assert reason in answer.json()["detail"]
    assert len(answer.text) < 1000  # what was received is not sent back


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_a_latent_that_is_no_number_is_refused(client: TestClient, number: str) -> None:
    answer = _raw(client, f'{{"codes": [[0, 0, {number}]]}}'.encode())
    assert answer[0] == 422 and "finite" in answer[1]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"codes":' + b"[" * 100_000], ids=["none", "half", "bytes", "deep"]
)
def test_a_body_that_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    assert _raw(client, body)[0] in (400, 422)


def _raw(client: TestClient, body: bytes) -> tuple[int, str]:
    headers = {"content-type": "application/json"}
    answer = client.post("/api/v1/runs/digits/decode", content=body, headers=headers)
    return answer.status_code, answer.json()["detail"]


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e%2fdigits", "..%5Cdigits", "/etc/passwd", "%00", "digits%00", "~", "a" * 300]
)
def test_the_name_of_a_run_is_no_path(client: TestClient, name: str) -> None:
    answer = client.get(f"/api/v1/runs/{name}/log")
    assert answer.status_code in (404, 422) and answer.json()["detail"]
    assert client.get(f"/page/{name}/../app.py").status_code == 404


def test_a_foreign_name_for_this_machine_is_refused(run: Run) -> None:
    with TestClient(create_app([run], hosts=["localhost"]), base_url="http://rebound.example") as client:
        assert client.get("/api/v1/runs").status_code == 400
        assert client.get("/healthz", headers={"host": "localhost:8000"}).status_code == 200


GOOD = {
    "encode": {"images": [{"test": 0}], "sample": True},
    "decode": {"codes": [[0, 0.5, -1]], "format": "array"},
    "sample": {"n": 2},
    "interpolate": {"start": {"test": 0}, "end": {"test": 1}, "format": "array"},
    "traverse": {"dimensions": [2], "steps": 2, "centre": [1, 1, 1]},
    "reconstruct": {"images": [{"test": 0}]},
    "score": {"images": [{"test": 0}]},
    "neighbours": {"codes": [[0, 0, 0]], "n": 2},
}


def test_every_answer_is_as_documented(client: TestClient) -> None:
    """Requests that the OpenAPI document allows, and those that it does not, on a run that is there."""
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", client.app)
    tried = 0
    for each in schema.get_all_operations():
        operation = each.ok()
        if operation.label == "POST /api/v1/runs/{run}/diagnosis":  # which takes half a minute
            continue
        path = {"path_parameters": {"run": "digits", "index": 3}} if operation.path_parameters else {}
        for mode in schemathesis.GenerationMode:
            _check(operation.as_strategy(mode, **path))
            tried += 1
        verb = operation.label.rpartition("/")[2]
        if verb in GOOD:
            answer = operation.Case(path_parameters={"run": "digits"}, body=GOOD[verb]).call_and_validate()
            assert answer.status_code == 200
    assert tried >= 26


def _check(cases: SearchStrategy) -> None:
    # A code of the wrong length is as the document allows, and yet refused: it depends on the run.
    checks = {"excluded_checks": [schemathesis.checks.CHECKS.get_one("positive_data_acceptance")]}

    @given(case=cases)
    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(**checks)

    with contextlib.suppress(Unsatisfiable):  # nothing can be wrong where there is nothing to say
        check()


def test_the_openapi_document_names_every_address(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    verbs = {"encode", "decode", "sample", "interpolate", "traverse", "reconstruct", "score", "neighbours"}
    assert {f"/api/v1/runs/{{run}}/{verb}" for verb in verbs} <= set(document["paths"])
    assert "http" not in json.dumps(document)  # nothing leads elsewhere
