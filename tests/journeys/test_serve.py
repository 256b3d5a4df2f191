"""``latente serve``: it starts, says what is wrong with a run, and finishes what it has begun."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from latente.cli import main
from latente.training import Run


@pytest.fixture
def copy(run: Run, tmp_path: Path) -> Path:
    """A copy of the run, to be damaged."""
    return shutil.copytree(run.path, tmp_path / "copy")


def made_by(folder: Path, version: str) -> None:
    file = folder / "environment.json"
    environment = json.loads(file.read_text())
    environment["versions"]["latente"] = version
    file.write_text(json.dumps(environment))


def test_it_finishes_what_it_has_begun(run: Run) -> None:
    command = [sys.executable, "-m", "latente", "serve", str(run.path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as served:
        told = served.stdout.readline()
        address = told.split()[-1]
        assert told == f"Latente serves digits at {address}\n"
        with ThreadPoolExecutor() as clients:
            answers = [clients.submit(_sample, address) for _ in range(3)]
            while not _running(address):
                pass
            served.send_signal(signal.SIGTERM)
            assert [len(answer.result()["images"]) for answer in answers] == [1000] * 3
        served.wait(20)
        assert served.stderr.read() == ""
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{address}/healthz", timeout=5)


def _sample(address: str) -> dict:
    body = json.dumps({"n": 1000}).encode()
    asked = urllib.request.Request(f"{address}/api/v1/runs/digits/sample", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


def _running(address: str) -> bool:
    """Whether all three requests have arrived; this one is a fourth."""
    with urllib.request.urlopen(f"{address}/metrics", timeout=10) as answer:
        return "latente_requests_running 4.0" in answer.read().decode()


def test_a_port_that_is_taken_is_a_mistake(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", str(run.path), "--port", str(taken.getsockname()[1])]) == 2
    assert "Address already in use" in capsys.readouterr().err


def test_a_run_of_another_version_is_served_with_a_word_of_it(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    from latente.serving import create_app

    made_by(copy, "0.0.7")
    create_app([Run(copy)])
    assert f"{copy} was made by Latente 0.0.7" in caplog.text


@pytest.mark.parametrize("damage", ["an option that is gone", "other weights", "half a checkpoint", "no checkpoint"])
def test_a_run_that_cannot_be_read_is_refused_with_its_version(
    copy: Path, damage: str, plane: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    made_by(copy, "0.0.7")
    best = copy / "checkpoints" / "best.keras"
    if damage == "an option that is gone":
        config = json.loads((copy / "config.json").read_text())
        config["network"]["width"] = 3
        (copy / "config.json").write_text(json.dumps(config))
    elif damage == "other weights":
        shutil.copy(plane.checkpoint("best"), best)
    elif damage == "half a checkpoint":
        best.write_bytes(best.read_bytes()[:5000])
    else:
        best.unlink()
    assert main(["serve", str(copy), "--port", "0"]) == 2
    told = capsys.readouterr().err
    if damage == "no checkpoint":
        assert "there is no best.keras" in told
    else:
        assert "Latente 0.0.7 made it" in told and "Install the version that made it" in told
    assert "Traceback" not in told and told.count("\n") == 1


@pytest.mark.parametrize("missing", ["config.json", "environment.json"])
def test_a_folder_with_files_missing_is_refused(copy: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / missing).unlink()
    assert main(["serve", str(copy)]) == 2
    assert f"holds no {missing}" in capsys.readouterr().err


def test_a_checkpoint_with_code_in_it_is_not_run(copy: Path, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """Keras can store a Lambda layer as marshalled code; a run's model is built from its config, and takes weights."""
    import zipfile

    best = copy / "checkpoints" / "best.keras"
    with zipfile.ZipFile(run.checkpoint("best")) as whole, zipfile.ZipFile(best, "w") as altered:
        for name in whole.namelist():
            content = b'{"module": "os", "class_name": "system"}' if name == "config.json" else whole.read(name)
            altered.writestr(name, content)
    assert Run(copy).model().latent_dim == run.model().latent_dim
