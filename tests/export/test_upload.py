"""What ``latente push`` sends to the Hub, and the figures of its card; the Hub is what notes down its calls."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import huggingface_hub
import numpy as np
import pytest
import yaml

from hand_made import CLASSES, dataset_of, hand_made
from latente.cli import main
from latente.errors import UserError
from latente.export import card
from latente.export.hub import fetch, write_public
from latente.model.fitted_prior import FittedPrior
from latente.training import Run
from latente.version import __version__

SHAPE = (4, 2, 3)
METRICS = {
    "elbo": {"value": -21.98765, "unit": "nats", "split": "validation", "n": 1234, "seed": 7, "epoch": 3},
    "kl": {"value": 3, "unit": "bits", "split": "test", "n": 56, "seed": 8, "epoch": 2},
    "many": {"value": [1, 2], "unit": "", "split": "test", "n": 1, "seed": 0, "epoch": 1},
    "diagnosis": {"value": True, "findings": []},
}
ALWAYS = {"README.md", "config.json", "environment.json", "log.jsonl", "samples.png", "checkpoints/best.keras"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return hand_made(tmp_path / "run", dataset_of(SHAPE), CLASSES)


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, dict[str, Any]]]:
    """The samples of each card, with how they were drawn; the pictures themselves are empty, and take no second."""
    found: list[tuple[np.ndarray, dict[str, Any]]] = []
    monkeypatch.setattr(card, "sample_figure", lambda images, run, **options: found.append((images, options)))
    monkeypatch.setattr(card, "traversal_figure", lambda vae, run: None)
    monkeypatch.setattr(card, "save_figure", lambda figure, path: path.touch())
    return found


def card_of(run: Run, tmp_path: Path, name: str = "public", **asked: Any) -> tuple[str, dict[str, Any]]:
    text = (write_public(run, "me/cells", tmp_path / name, **asked) / "README.md").read_text(encoding="utf-8")
    return text, yaml.safe_load(text.split("---\n")[1])


@pytest.mark.parametrize("private", [False, True])
def test_a_push_makes_the_repository_and_uploads_what_a_run_is_used_with(
    run: Run, private: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[str, dict[str, Any]]] = []

    def create_repo(self: Any, repo_id: str, **asked: Any) -> str:
        calls.append((repo_id, asked))
        return "https://hub.example/me/cells"

    def upload_folder(self: Any, *, folder_path: Path, **asked: Any) -> None:
        files = {str(path.relative_to(folder_path)) for path in folder_path.rglob("*") if path.is_file()}
        calls.append(((folder_path / "README.md").read_text(encoding="utf-8"), {**asked, "files": files}))

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create_repo)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    run.add_metrics(METRICS)
    run.keep_prior(FittedPrior(np.ones(1), np.ones((1, 3)), np.eye(3)[None]))
    (run.path / "notes.txt").touch()
    assert main(["push", str(run.path), "me/cells", "--license", "mit", *(["--private"] if private else [])]) == 0
    assert capsys.readouterr().out == "https://hub.example/me/cells\n"
    made, (text, sent) = calls
    assert made == ("me/cells", {"private": private, "exist_ok": True})
    assert yaml.safe_load(text.split("---\n")[1])["license"] == "mit"
    assert sent == {
        "repo_id": "me/cells",
        "commit_message": "Upload run, a VAE trained with Latente",
        "files": ALWAYS | {"traversals.png", "metrics.json", "fitted-prior.npz"},
    }


def test_what_is_public_is_the_run_without_this_machine(run: Run, tmp_path: Path) -> None:
    folder = write_public(run, "me/cells", tmp_path / "public")
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == ALWAYS | {
        "traversals.png"
    }
    environment = json.loads((folder / "environment.json").read_text())
    assert environment == run.environment | {"machine": None, "git_commit": None}
    config = json.loads((folder / "config.json").read_text())
    assert config["data"] == run.config["data"] | {"name": "npz:cells.npz", "data_dir": None}
    assert {**config, "data": None} == {**run.config, "data": None}
    np.testing.assert_array_equal(
        Run(folder).model().encode(np.ones((1, *SHAPE)), labels=2), run.model().encode(np.ones((1, *SHAPE)), labels=2)
    )


def test_the_card_has_every_number_that_was_measured(run: Run, tmp_path: Path) -> None:
    run.add_metrics(METRICS)
    text, metadata = card_of(run, tmp_path, license="cc-by-4.0")
    assert re.findall(r"^\| .*", text, re.MULTILINE) == [
        "| figure | value | unit | protocol |",
        "| elbo | -21.99 | nats | 1,234 validation images, seed 7, epoch 3 |",
        "| kl | 3 | bits | 56 test images, seed 8, epoch 2 |",
    ]
    result = {
        "task": {"type": "unconditional-image-generation"},
        "dataset": {"name": "npz:cells.npz", "type": "npz:cells.npz", "split": "validation"},
        "metrics": [{"type": "elbo", "name": "ELBO (nats)", "value": -21.98765}],
    }
    assert metadata == {
        "license": "cc-by-4.0",
        "library_name": "latente",
        "tags": ["vae", "variational-autoencoder", "keras"],
        "model-index": [{"name": "run", "results": [result]}],
    }


def test_the_card_of_what_was_not_measured_has_the_bound_of_its_training(run: Run, tmp_path: Path) -> None:
    text, metadata = card_of(run, tmp_path)
    assert "Best validation ELBO at beta = 1: -12.35 nats, epoch 1." in text
    assert metadata == {"library_name": "latente", "tags": ["vae", "variational-autoencoder", "keras"]}


def test_the_card_says_what_the_model_is_and_how_it_is_used(run: Run, tmp_path: Path) -> None:
    text, _ = card_of(run, tmp_path)
    told = " ".join(text.split())
    assert (
        f"A variational autoencoder trained on npz:cells.npz with Latente {__version__}: Dense network, 3 latents, "
        in told
    )
    assert "DiagonalGaussian posterior, StandardNormal prior, Bernoulli likelihood, ELBO objective." in told
    assert "It is told the class of each image: ant, bee, cat." in told
    assert "images = vae.sample(16, labels=vae.evenly(16)) # (16, 4, 2, 3) in [0, 1]" in told
    assert "4 training images, 1 epochs, on Keras 3.99 with abacus, in float32." in told
    assert "`vae.encode`, `decode`, `reconstruct`, `interpolate` and `traverse` take and give NumPy arrays." in told
    assert yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])["data"]["name"] == "npz:cells.npz"


def test_a_discrete_model_has_no_traversals_in_its_card(tmp_path: Path) -> None:
    discrete = {"posterior": "FSQ", "posterior.levels": (5, 3), "prior": "Uniform", "latent_dim": 4}
    text, _ = card_of(hand_made(tmp_path / "discrete", dataset_of(SHAPE), **discrete), tmp_path)
    assert re.findall(r"!\[.*?\]\((.*?)\)", text) == ["samples.png"]
    assert "`reconstruct` and `interpolate` take" in text and "vae.sample(16)" in text


def test_the_pictures_of_a_card_are_64_samples_of_every_class(run: Run, tmp_path: Path, drawn: list) -> None:
    write_public(run, "me/cells", tmp_path / "public")
    ((images, options),) = drawn
    vae = run.model()
    np.testing.assert_allclose(images, vae.decode(vae.sample_codes(64, seed=0), np.arange(64) % 3), atol=1e-6)
    assert options == {"temperature": 1, "seed": 0}


@pytest.mark.parametrize(("at", "revision"), [("", None), ("@v1.2/x", "v1.2/x")])
def test_a_download_asks_for_the_files_of_a_run_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch, at: str, revision: str | None
) -> None:
    def snapshot_download(repo: str, **given: Any) -> str:
        asked.append((repo, given))
        return str(run.path)

    asked: list[Any] = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert fetch(f"hf://me/cells{at}").path == run.path
    ((repo, given),) = asked
    files = [
        "checkpoints/best.keras",
        "config.json",
        "environment.json",
        "fitted-prior.npz",
        "log.jsonl",
        "metrics.json",
    ]
    assert (repo, given["revision"], sorted(given["allow_patterns"])) == ("me/cells", revision, files)


def test_a_download_may_name_what_is_imported_and_nothing_else(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def named(**choices: str) -> None:
        changed = {axis: {"name": name} for axis, name in choices.items()}
        (run.path / "config.json").write_text(json.dumps(run.config | changed))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda repo, **given: str(run.path))
    for name in ("mine", "my.parts"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    named(objective="mine:Zen", prior="my.parts:Lamp")
    assert fetch("hf://me/cells").config["prior"]["name"] == "my.parts:Lamp"
    named(objective="mine:Zen", prior="others:Lamp", network="my.others:Net")
    with pytest.raises(UserError, match="Received hf://me/cells with my.others:Net, others:Lamp: if you trust that"):
        fetch("hf://me/cells")
