"""What lies in an exported folder: the run in figures, its labels, and draws from the prior that it samples from."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from hand_made import CLASSES, dataset_of, hand_made
from latente.cli import main
from latente.errors import UserError
from latente.export import folder
from latente.export.conversion import check_installed, convert
from latente.export.folder import export_folder
from latente.export.parity import opened
from latente.model.fitted_prior import FittedPrior
from latente.training import Run
from latente.version import __version__

SHAPE = (4, 2, 3)
MEAN = np.array([[9.0, -9, 3], [-2, 4, 30]])
METRICS = {
    "elbo": {"value": -21.987, "unit": "nats", "split": "test", "n": 1234, "seed": 0, "epoch": 1},
    "kl": {"value": 3.25, "unit": "nats", "split": "test", "n": 1234, "seed": 0, "epoch": 1},
    "sharpness": {"value": 0.5, "unit": "", "split": "test", "n": 7, "seed": 0, "epoch": 1},
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three classes, and 70 test images."""
    return hand_made(tmp_path / "run", dataset_of(SHAPE, 70), CLASSES)


def far(run: Run) -> Run:
    """The run with a prior fitted far from 0: a quarter of it around the first mean, three around the second."""
    run.keep_prior(FittedPrior(np.array([0.25, 0.75]), MEAN, np.stack([0.01 * np.eye(3), 0.04 * np.eye(3)])))
    return run


def test_config_json_says_what_the_run_is(run: Run, tmp_path: Path) -> None:
    run.add_metrics(METRICS)
    path, description = export_folder(run, "keras", tmp_path / "out")
    assert path == tmp_path / "out"
    assert json.loads((path / "config.json").read_text()) == description
    for half in ("encoder", "decoder"):
        found = description[half].pop("largest_difference")
        assert set(found) == set(description[half]["outputs"]) and all(0 <= each < 1e-5 for each in found.values())
    three, image = {"shape": ["n", 3], "dtype": "float32"}, {"shape": ["n", 4, 2, 3], "dtype": "float32"}
    label = {"shape": ["n"], "dtype": "int32"}
    assert description == {
        "latente": __version__,
        "run": "run",
        "data": "npz:cells.npz",
        "format": "keras",
        "image_shape": [4, 2, 3],
        "latent_dim": 3,
        "classes": ["ant", "bee", "cat"],
        "code": "z_mean",
        "prior": {"kind": "N(0, I)", "codes": None},
        "posterior": "DiagonalGaussian",
        "likelihood": "Bernoulli",
        "validation_elbo": -12.345,
        "metrics": {
            "elbo": {"value": -21.987, "unit": "nats", "split": "test", "n": 1234},
            "kl": {"value": 3.25, "unit": "nats", "split": "test", "n": 1234},
        },
        "encoder": {
            "file": "encoder.keras",
            "inputs": {"images": image, "labels": label},
            "outputs": {"z_mean": three, "z_log_var": three},
        },
        "decoder": {"file": "decoder.keras", "inputs": {"codes": three, "labels": label}, "outputs": {"images": image}},
        "compared_on": "64 test images",
    }
    readme = (path / "README.md").read_text()
    assert "Labels are 0 (ant), 1 (bee), 2 (cat)." in readme
    assert "- elbo: -21.99 nats, on 1,234 test images\n- kl: 3.25 nats, on 1,234 test images" in readme
    assert "sharpness" not in readme
    assert "The prior is N(0, I): decode standard normal numbers for new images." in readme
    assert "Compared with the trained model on 64 test images and as many codes" in readme
    assert {each.name for each in path.iterdir()} == {"README.md", "config.json", "encoder.keras", "decoder.keras"}


@pytest.mark.parametrize("format", ["keras", "onnx", "saved-model"])
def test_every_format_has_the_weights_the_labels_and_the_fitted_prior(run: Run, tmp_path: Path, format: str) -> None:
    path, description = export_folder(far(run), format, tmp_path / "out")
    assert description["prior"] == {"kind": "the mixture fitted to the codes", "codes": "codes.npy"}
    codes = np.load(path / "codes.npy")
    assert (codes.shape, codes.dtype) == ((1000, 3), np.float32)
    first = codes[:, 0] > 3
    assert first.mean() == pytest.approx(0.25, abs=0.05)
    for part, mean, deviation in ((codes[first], MEAN[0], 0.1), (codes[~first], MEAN[1], 0.2)):
        np.testing.assert_allclose(part.mean(axis=0), mean, atol=0.03)
        np.testing.assert_allclose(part.std(axis=0), deviation, rtol=0.15)
    readme = (path / "README.md").read_text()
    assert "The prior is not N(0, I), but the mixture fitted to the codes: `codes.npy` holds draws from it" in readme
    vae, labels = run.model(), np.array([2, 0, 1, 1, 2], "int32")
    encoder, decoder = (opened(format, path / description[half]["file"]) for half in ("encoder", "decoder"))
    images = run.data().test.images[3:8]
    mean, log_var = vae.moments(images, labels)
    found = encoder({"images": (images / 255).astype("float32"), "labels": labels})
    np.testing.assert_allclose(found["z_mean"], mean, atol=1e-4)
    np.testing.assert_allclose(found["z_log_var"], log_var, atol=1e-4)
    drawn = decoder({"codes": codes[:5], "labels": labels})["images"]
    np.testing.assert_allclose(drawn, vae.decode(codes[:5], labels), atol=1e-4)
    assert np.abs(drawn - vae.decode(codes[:5], 0))[labels > 0].max() > 0.01


Compared = dict[str, dict[str, np.ndarray]]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> Compared:
    """What the halves are compared on, by half."""
    found: Compared = {}

    def differences(trained: Callable, exported: Callable, inputs: dict[str, np.ndarray]) -> dict[str, float]:
        found["encoder" if "images" in inputs else "decoder"] = inputs
        return {"nothing": 0.0}

    monkeypatch.setattr(folder, "differences", differences)
    return found


@pytest.mark.parametrize("n", [64, 65])
def test_the_halves_are_compared_on_the_first_test_images_with_their_labels(
    tmp_path: Path, compared: Compared, n: int
) -> None:
    run = hand_made(tmp_path / "run", dataset_of(SHAPE, n), CLASSES)
    _, description = export_folder(run, "keras")
    assert description["compared_on"] == "64 test images"
    test = run.data().test
    np.testing.assert_allclose(compared["encoder"]["images"], test.images[:64] / 255, atol=1e-6)
    for half in compared.values():
        np.testing.assert_array_equal(half["labels"], test.labels[:64])
        assert half["labels"].dtype == np.int32
    codes = compared["decoder"]["codes"]
    assert (codes.shape, codes.dtype) == ((64, 3), np.float32)
    assert codes.std() == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("why", ["there are 63", "they are gone"])
def test_without_64_test_images_they_are_compared_on_samples_of_every_class(
    tmp_path: Path, compared: Compared, why: str
) -> None:
    run = far(hand_made(tmp_path / "run", dataset_of(SHAPE, 63), CLASSES))
    run = Run(run.path) if why == "they are gone" else run
    _, description = export_folder(run, "keras")
    assert description["compared_on"] == "64 samples of the model"
    codes, labels = compared["decoder"]["codes"], np.arange(64) % 3
    np.testing.assert_array_equal(compared["decoder"]["labels"], labels)
    np.testing.assert_array_equal(compared["encoder"]["labels"], labels)
    assert np.abs(codes[:, None] - MEAN).max(axis=-1).min(axis=1).max() < 1.2  # of the fitted prior
    levels = 255 * compared["encoder"]["images"]
    np.testing.assert_allclose(levels, np.rint(levels), atol=1e-3)  # whole, as those of files
    np.testing.assert_allclose(levels, 255 * run.model().decode(codes, labels), atol=0.51)


def test_the_data_are_looked_for_where_they_are_said_to_be(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def data(self: Run, data_dir: str | None = None) -> None:
        asked.append(data_dir)
        raise UserError("gone")

    monkeypatch.setattr(Run, "data", data)
    command = ["export", str(run.path), "--data-dir", "/elsewhere", "--format"]
    assert main([*command, "keras", "-o", str(tmp_path / "folder")]) == 0
    assert main([*command, "html", "-o", str(tmp_path / "page.html")]) == 0
    assert asked == ["/elsewhere"] * 2


def test_the_command_tells_where_to_and_how_far(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    halves = {"encoder": {"z_mean": 2.5e-7, "indices": 0.00098}, "decoder": {"images": 3e-5}}
    about = {half: {"largest_difference": found} for half, found in halves.items()}
    monkeypatch.setattr(folder, "export_folder", lambda *asked: (asked[2], {**about, "compared_on": "64 test images"}))
    assert main(["export", str(run.path), "--format", "onnx", "-o", "there"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "there",
        "encoder z_mean: largest difference from the trained model 2.5e-07 (on 64 test images)",
        "encoder indices: share of other indices 9.8e-04 (on 64 test images)",
        "decoder images: largest difference from the trained model 3.0e-05 (on 64 test images)",
    ]


@pytest.mark.parametrize(
    ("format", "absent", "told"),
    [
        ("onnx", {"tf2onnx", "onnxruntime"}, "--format onnx needs tf2onnx and onnxruntime, on every backend."),
        ("onnx", {"tensorflow"}, "--format onnx needs tensorflow, on every backend."),
        ("saved-model", {"tensorflow", "tf2onnx"}, "--format saved-model needs tensorflow, on every backend."),
        ("saved-model", {"tf2onnx"}, None),
        ("keras", {"tensorflow", "tf2onnx", "onnxruntime"}, None),
    ],
)
def test_a_format_asks_for_its_libraries_alone(
    format: str, absent: set[str], told: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in absent else "there")
    if told is None:
        check_installed(format)
        return
    with pytest.raises(UserError) as refused:
        check_installed(format)
    assert str(refused.value).startswith(told)
    assert ("export" in str(refused.value).partition("Install")[2]) == (format == "onnx")


@pytest.mark.parametrize("code", [0, 3])
def test_on_another_backend_tensorflow_converts_in_a_process_of_its_own(
    tmp_path: Path, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[list[str], dict[str, Any]]] = []

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess:
        started.append((command, options))
        return subprocess.CompletedProcess(command, code, stderr="far above" + "x" * 2000)

    monkeypatch.setattr(keras.backend, "backend", lambda: "abacus")
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("KERAS_BACKEND", "abacus")
    if code:
        with pytest.raises(RuntimeError) as failed:
            convert("onnx", tmp_path)
        assert str(failed.value) == "TensorFlow could not convert the model:\n" + "x" * 2000
    else:
        convert("onnx", tmp_path)
    ((command, options),) = started
    assert command == [sys.executable, "-m", "latente.export.conversion", "onnx", str(tmp_path)]
    assert options.pop("env") == {**os.environ, "KERAS_BACKEND": "tensorflow"}
    assert options == {"capture_output": True, "text": True, "check": False}
