"""A run for others: files that other programs read, and one web page."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest

import latente
from latente.cli import main
from latente.export import parity
from latente.export.folder import export_folder
from latente.export.page import export_page
from latente.extras import install
from latente.training import Run


def snippet(folder: Path) -> str:
    return re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)[1]


@pytest.mark.backend
def test_onnx_needs_no_keras(run: Run, tmp_path: Path, capsys):
    folder = tmp_path / "onnx"
    assert main(["export", str(run.path), "--format", "onnx", "-o", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "encoder z_mean: largest difference" in shown
    assert "64 test images" in shown
    names = {path.name for path in folder.iterdir()}
    assert names == {"README.md", "config.json", "decoder.onnx", "encoder.onnx"}
    program = snippet(folder) + (
        "\nimport sys\n"
        "assert not {'keras', 'tensorflow', 'jax', 'torch', 'latente'} & set(sys.modules)\n"
        "np.savez('drawn.npz', codes=codes, samples=samples, path=path)\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True, timeout=60)
    page = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
    shown = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1].replace("(16, 10)", "(16, 3)")  # three latents here
    subprocess.run([sys.executable, "-c", shown], cwd=folder, check=True, timeout=60)
    with np.load(folder / "drawn.npz") as drawn:
        vae = run.model()
        np.testing.assert_allclose(drawn["samples"], vae.decode(drawn["codes"]), atol=1e-4)
        expected = vae.interpolate(*drawn["samples"][:2], steps=8)
        np.testing.assert_allclose(drawn["path"], expected, atol=1e-4)
    names = {node.op_type for half in ("encoder", "decoder") for node in onnx.load(folder / f"{half}.onnx").graph.node}
    assert not [name for name in names if "Random" in name or name in ("Bernoulli", "Multinomial")]


@pytest.mark.parametrize("format", ["keras", "saved-model"])
def test_the_other_formats(plane: Run, format: str, monkeypatch: pytest.MonkeyPatch):
    folder, description = export_folder(plane, format)
    assert folder == plane.path / "export" / format
    assert description["encoder"]["inputs"] == {"images": {"shape": ["n", 12, 12, 1], "dtype": "float32"}}
    assert description["decoder"]["outputs"] == {"images": {"shape": ["n", 12, 12, 1], "dtype": "float32"}}
    assert json.loads((folder / "config.json").read_text(encoding="utf-8")) == description
    monkeypatch.chdir(folder)
    found: dict = {}
    exec(compile(snippet(folder), "README.md", "exec"), found)
    np.testing.assert_allclose(found["samples"], plane.model().decode(found["codes"]), atol=1e-4)
    assert found["path"].shape == (8, 12, 12, 1)


def test_a_prior_that_is_not_normal_comes_as_codes(untrained: Callable[..., Run], monkeypatch: pytest.MonkeyPatch):
    discrete = {"posterior": "FSQ", "posterior.levels": (5, 3), "prior": "Uniform", "latent_dim": 4}
    run = untrained("discrete", **discrete, **{"network": "Dense", "network.hidden": (16,)})
    monkeypatch.setattr(Run, "data", absent)
    folder, description = export_folder(run, "keras")
    assert description["compared_on"] == "64 samples of the model"
    assert description["prior"] == {"kind": "Uniform", "codes": "codes.npy"}
    assert np.load(folder / "codes.npy").shape == (1000, 4)
    assert list(description["encoder"]["outputs"]) == ["codes", "indices"]
    monkeypatch.chdir(folder)
    exec(compile(snippet(folder), "README.md", "exec"), {})
    html = export_page(run).read_text(encoding="utf-8")
    assert 'data-text="The codes of this model are discrete' in html
    assert 'data-text="The test images were not at hand' in html
    assert 'id="map"' not in html


def absent(*_: object) -> None:
    raise latente.errors.UserError("no data")


def test_a_difference_is_refused_and_nothing_stays(plane: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    halves = parity.halves_of(plane.model())
    off = {
        "encoder": halves["encoder"],
        "decoder": lambda given: {"images": halves["decoder"](given)["images"] + 0.001},
    }
    monkeypatch.setattr("latente.export.folder.halves_of", lambda vae: off)
    with pytest.raises(RuntimeError, match="images by 1.0e-03. At most 0.0001"):
        export_folder(plane, "keras", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_an_export_replaces_itself_and_nothing_that_the_user_has(plane: Run, tmp_path: Path, capsys):
    command = ["export", str(plane.path), "--format", "keras"]
    own = plane.export_path("keras")
    own.mkdir(parents=True, exist_ok=True)
    (own / "encoder.onnx").touch()
    assert main(command) == 0
    assert not (own / "encoder.onnx").exists() and (own / "encoder.keras").exists()
    (tmp_path / "README.md").touch()
    for theirs in (tmp_path, plane.path):
        before = sorted(theirs.rglob("*"))
        assert main([*command, "-o", str(theirs)]) == 2
        assert "exists already" in capsys.readouterr().err
        assert main(["push", str(plane.path), "me/plane", "-o", str(theirs)]) == 2
        assert sorted(theirs.rglob("*")) == before
    assert main([*command[:3], "html", "-o", str(tmp_path / "page.txt")]) == 2
    assert "ends in .html" in capsys.readouterr().err


def test_a_missing_library_is_named(plane: Run, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert main(["export", str(plane.path), "--format", "onnx"]) == 2
    assert install("export", "tensorflow") in capsys.readouterr().err
