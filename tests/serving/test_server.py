"""Where the service listens, who may call it, and what it serves: without a network."""

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from hand_made import dataset_of, hand_made
from latente.errors import UserError
from latente.language import translations
from latente.serving import create_app, server
from latente.serving.registry import named
from latente.training import Run
from latente.version import __version__

Started = list[tuple[uvicorn.Config, list]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """The servers that were started, which stop at once as if by Ctrl-C."""
    found: Started = []

    def run(self: uvicorn.Server, sockets: list) -> None:
        found.append((self.config, [each.getsockname() for each in sockets]))
        raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn.Server, "run", run)
    monkeypatch.setattr(uvicorn.Config, "configure_logging", lambda self: None)  # it would close pytest's handlers
    return found


@pytest.mark.parametrize(
    ("host", "shown", "foreign"),
    [
        ("127.0.0.1", "127.0.0.1", 400),
        ("localhost", "localhost", 400),
        ("::1", "[::1]", 400),
        ("0.0.0.0", "0.0.0.0", 200),
    ],
)
def test_a_service_on_loopback_answers_to_its_own_names_alone(
    started: Started, wide: Run, capsys: pytest.CaptureFixture[str], host: str, shown: str, foreign: int
) -> None:
    try:
        server.serve([wide], host, 0)
    except UserError:
        pytest.skip(f"nothing can listen on {host} here")
    ((config, (address,)),) = started
    assert address[0] == ("127.0.0.1" if host == "localhost" else host) and address[1] > 0
    assert capsys.readouterr().out == f"Latente serves wide at http://{shown}:{address[1]}\nCtrl-C stops it.\n"
    assert (config.timeout_graceful_shutdown, config.log_level) == (10, "warning")
    with TestClient(config.app) as client:
        for name in ("127.0.0.1", "localhost:8000", "[::1]:8000"):
            assert client.get("/healthz", headers={"host": name}).status_code == 200
        for name in ("rebound.example", "localhost.example", "127.0.0.2"):
            assert client.get("/healthz", headers={"host": name}).status_code == foreign


@pytest.mark.parametrize("error", [OSError("it is taken"), OverflowError("port must be 0-65535")])
def test_where_nothing_can_listen_is_told_with_the_reason(
    wide: Run, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create_server(*asked: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(server.socket, "create_server", create_server)
    with pytest.raises(UserError, match=f"--host ::1 --port 70000 cannot be listened on: {error}. Choose others."):
        server.serve([wide], "::1", 70000)


def test_runs_of_one_name_are_numbered(wide: Run, colour: Run) -> None:
    found = named([wide, colour, wide, wide])
    assert list(found) == ["wide", "colour", "wide-2", "wide-3"]
    assert found["colour"] is colour and found["wide-3"] is wide


def test_the_data_are_looked_for_where_they_are_said_to_be(
    wide: Run, started: Started, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[Any] = []

    def data(self: Run, data_dir: str | None = None) -> None:
        asked.append(data_dir)
        raise UserError("Gone.")

    monkeypatch.setattr(Run, "data", data)
    with TestClient(create_app([wide], "/elsewhere")) as client:
        assert caplog.messages == [f"{wide.path} is served without its data: Gone."]
        told = "The data of wide are not at hand: start latente serve with --data-dir."
        for address in ("images/0", "map"):
            refused = client.get(f"/api/v1/runs/wide/{address}")
            assert (refused.status_code, refused.json()["detail"]) == (409, told)
        by_number = client.post("/api/v1/runs/wide/encode", json={"images": [{"test": 0}]})
        assert (by_number.status_code, by_number.json()["detail"]) == (409, told)
    server.serve([wide], port=0, data_dir="/there")
    assert asked == ["/elsewhere", "/there"] and len(started) == 1


def test_a_run_without_a_model_says_so(wide: Run, tmp_path: Path) -> None:
    young = Run.create(tmp_path / "young", wide.config, wide.environment, held=dataset_of((3, 5, 1), 7))
    with TestClient(create_app([young])) as client:
        told = client.get("/api/v1/runs/young").json()
        assert (told["trained"], told["epoch"], told["epochs"], told["epochs_done"]) == (False, None, 3, 0)
        assert told["latents"] == [{"index": i, "kl": None, "dead": False} for i in range(4)]
        early = client.post("/api/v1/runs/young/decode", json={"codes": [[0, 0, 0, 0]]})
        assert early.status_code == 409
        assert early.json()["detail"] == (
            "young has no model yet: there is no best.keras. If its first epoch is not finished, come back later; "
            "if the file is lost, restore it."
        )


def test_better_weights_take_over(wide: Run, tmp_path: Path) -> None:
    """The weights are of another epoch, and so are the codes, the test images and the log."""
    copy = Run(shutil.copytree(wide.path, tmp_path / "copy"), data=wide.data())
    asked = {"images": [{"test": 2}]}
    with TestClient(create_app([copy])) as client:
        before = client.post("/api/v1/runs/copy/encode", json=asked).json()["codes"]
        points = client.get("/api/v1/runs/copy/map").json()["points"]
        copy.record({"epoch": 2, "val_elbo": -1.0})
        better = hand_made(tmp_path / "other", wide.data(), seed=5, latent_dim=4, **{"objective.beta": 1.5}).model()
        better.step.assign(2)
        copy.save(better, best=True)
        after = client.post("/api/v1/runs/copy/encode", json=asked).json()["codes"]
        assert after != before
        assert after == [pytest.approx(better.encode(wide.data().test.images[2:3])[0], abs=1e-5)]
        assert client.get("/api/v1/runs/copy/map").json()["points"] != points
        told = client.get("/api/v1/runs/copy").json()
        assert (told["epoch"], told["epochs_done"]) == (2, 2)


@pytest.mark.parametrize("version", ["0.0.7", __version__])
def test_another_version_is_told_and_this_one_is_not(
    wide: Run, version: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Run, "environment", wide.environment | {"versions": {"latente": version}})
    with caplog.at_level(logging.WARNING), TestClient(create_app([wide])) as client:
        told = [f"{wide.path} was made by Latente {version}; this is {__version__}."]
        assert caplog.messages == ([] if version == __version__ else told)
        assert client.get("/api/v1/runs/wide").json()["latente"] == version


def test_the_thread_of_the_models_ends_with_the_service(wide: Run) -> None:
    def threads() -> set[threading.Thread]:
        return {thread for thread in threading.enumerate() if thread.name.startswith("model")}

    before = threads()
    with TestClient(create_app([wide])) as client:
        client.post("/api/v1/runs/wide/decode", json={"codes": [[0, 0, 0, 0]]})
        (own,) = threads() - before
    own.join(10)
    assert not own.is_alive()


def test_the_page_comes_with_its_library_and_its_spanish(client: TestClient) -> None:
    assert "<title>" in client.get("/").text and client.get("/").headers["content-type"].startswith("text/html")
    assert "Plotly" in client.get("/plotly.min.js").text
    assert client.get("/plotly.min.js").headers["content-type"].startswith("text/javascript")
    assert client.get("/texts/es").json() == translations("es")
    document = client.get("/api/v1/openapi.json").json()
    assert document["info"]["title"] == "Latente" and document["info"]["version"] == __version__
    problems = document["paths"]["/api/v1/runs"]["get"]["responses"]
    assert {"400", "404", "409", "413", "422", "429"} <= set(problems)


def test_the_rows_of_the_models_calls_are_those_of_the_requests(wide: Run) -> None:
    """Three images and then five codes: two calls, and the padding does not count."""
    with TestClient(create_app([wide])) as client:
        client.post("/api/v1/runs/wide/encode", json={"images": [{"test": 0}] * 3})
        client.post("/api/v1/runs/wide/decode", json={"codes": [[0, 0, 0, 0]] * 5})
        told = client.get("/metrics").text
    assert "latente_model_rows_sum 8.0" in told and "latente_model_rows_count 2.0" in told
    assert 'latente_requests_total{address="/api/v1/runs/{run}/decode",method="POST",status="200"} 1.0' in told
    assert "latente_requests_running 1.0" in told  # that which asks
