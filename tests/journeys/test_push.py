"""A run on the Hub: what is uploaded, what is not, and back again. The Hub is a folder here."""

import io
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import huggingface_hub
import numpy as np
import pytest
import yaml
from huggingface_hub import errors

import latente
from latente.cli import main
from latente.errors import UserError
from latente.export.hub import write_public
from latente.training import Run


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that answers in the Hub's place."""
    folder = tmp_path / "hub"

    def create_repo(self: Any, repo_id: str, *, private: bool, exist_ok: bool) -> str:
        (folder / repo_id).mkdir(parents=True, exist_ok=exist_ok)
        return f"https://huggingface.co/{repo_id}"

    def upload_folder(self: Any, *, repo_id: str, folder_path: Path, commit_message: str) -> None:
        shutil.copytree(folder_path, folder / repo_id, dirs_exist_ok=True)

    def snapshot_download(repo_id: str, *, revision: str | None, allow_patterns: list[str]) -> str:
        if revision not in (None, "main"):
            raise errors.RevisionNotFoundError("no", response=answer(404))
        return str(folder / repo_id)

    monkeypatch.setattr(huggingface_hub.HfApi, "create_repo", create_repo)
    monkeypatch.setattr(huggingface_hub.HfApi, "upload_folder", upload_folder)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    return folder


def answer(status: int) -> httpx2.Response:
    return httpx2.Response(status, request=httpx2.Request("GET", "https://huggingface.co"))


def test_there_and_back_again(run: Run, hub: Path, capsys):
    assert main(["push", str(run.path), "me/digits", "--license", "apache-2.0"]) == 0
    assert capsys.readouterr().out.strip() == "https://huggingface.co/me/digits"
    vae = latente.load("hf://me/digits@main")
    np.testing.assert_array_equal(vae.sample(4), run.model().sample(4))
    assert Run(hub / "me" / "digits").log == run.log
    with pytest.raises(UserError, match="^me/digits has no such revision"):
        latente.load("hf://me/digits@v9")


def test_a_download_imports_no_module(run: Run, hub: Path):
    """A choice that is not Latente's is found by the module that its name begins with."""
    assert main(["push", str(run.path), "me/digits"]) == 0
    file = hub / "me" / "digits" / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(config | {"objective": {"name": "this:Zen"}}), encoding="utf-8")
    with pytest.raises(UserError, match="hf://me/digits with this:Zen: if you trust that module, import it before"):
        latente.load("hf://me/digits")
    assert "this" not in sys.modules


@pytest.mark.parametrize("objective", [{}, "ELBO", None, {"name": 3}], ids=str)
def test_a_download_of_a_damaged_config_is_refused(run: Run, hub: Path, objective: Any):
    assert main(["push", str(run.path), "me/digits"]) == 0
    file = hub / "me" / "digits" / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(config | {"objective": objective}), encoding="utf-8")
    with pytest.raises(UserError):
        latente.load("hf://me/digits")


def test_the_card(run: Run, tmp_path: Path):
    folder = write_public(run, "me/digits", tmp_path / "public", license="mit")
    card = (folder / "README.md").read_text(encoding="utf-8")
    metadata = yaml.safe_load(card.split("---")[1])
    assert metadata["license"] == "mit"
    assert metadata["library_name"] == "latente"
    assert 'latente.load("hf://me/digits")' in card
    assert yaml.safe_load(re.search(r"```yaml\n(.*?)```", card, re.DOTALL)[1])["latent_dim"] == 3
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", card)
    assert pictures and all((folder / picture).is_file() for picture in pictures)
    assert not list(folder.rglob("*reconstruction*"))


def test_nothing_of_this_machine_leaves_it(run: Run, tmp_path: Path):
    path = tmp_path / "run"
    shutil.copytree(run.path, path)
    config = {**run.config, "data": {**run.config["data"], "name": "npz:/secret/cells.npz", "data_dir": "/secret"}}
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    environment = {**run.environment, "git_commit": "c0ffee", "machine": "Linux-secret"}
    (path / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    folder = write_public(Run(path), "me/cells", tmp_path / "public")
    for file in (each for each in folder.rglob("*") if each.is_file()):
        content = unpacked(file.read_bytes())
        for private in (b"secret", b"c0ffee", str(tmp_path).encode(), str(run.path.parent).encode()):
            assert private not in content, file
    found = Run(folder)
    assert found.config["data"]["name"] == "npz:cells.npz"
    np.testing.assert_array_equal(found.model().sample(4), run.model().sample(4))


def unpacked(content: bytes) -> bytes:
    """The bytes of a file, and of those inside it where it is an archive."""
    if not content.startswith(b"PK"):
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.LocalTokenNotFoundError("no token"), "hf auth login"),
        (errors.HfHubHTTPError("unauthorized", response=answer(401)), "hf auth login"),
        (errors.RepositoryNotFoundError("nothing", response=answer(404)), "hf auth login"),
        (errors.HfHubHTTPError("broken", response=answer(500)), "broken. Mend what it names, or try again later"),
        (httpx2.ConnectError("Connection refused"), "Connection refused. Check the network"),
        (errors.LocalEntryNotFoundError("Nothing cached."), "Nothing cached. Check the network"),
        (errors.OfflineModeIsEnabled("Offline."), "Check the network"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_hubs_refusals_have_a_remedy(error: Exception, message: str, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(UserError, match=message) as told:
        latente.load("hf://me/digits@v1")
    assert re.search("(at|for) me/digits: ", str(told.value))  # by its name there, not by the address


def test_names_are_checked(run: Run, tmp_path: Path, capsys):
    assert main(["push", str(run.path), "digits", "-o", str(tmp_path / "public")]) == 2
    assert "a name like user/garments" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match="hf://user/garments@v1"):
        latente.load("hf://digits")
