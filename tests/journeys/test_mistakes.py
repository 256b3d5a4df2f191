"""Every mistake ends with exit code 2 and one message that helps, and leaves nothing behind."""

import argparse
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latente.cli import main, parser
from latente.training import Run

IDX = "fashion-mnist/train-images-idx3-ubyte.gz"


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must be refused, and return its message."""
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    before, _, message = err.partition("latente: ")
    assert all(line.startswith("Downloading") for line in before.splitlines())
    assert message
    assert "Traceback" not in message
    return message


def train(*arguments: str) -> list[str]:
    return ["train", *arguments, "--run-dir", "run"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["digits", "--latnet-dim", "3"], "Did you mean '--latent-dim'?"),
        (["digits", "--latent-dim", "0"], "latent_dim must be at least 1. Received 0."),
        (["digits", "--beta", "-1"], "beta > 0. Received -1"),
        (["digits", "--beta", "0"], "an autoencoder, not a VAE"),
        (["digits", "--epochs", "0"], "epochs must be at least 1"),
        (["digits", "--lr", "0"], "lr must be a positive number"),
        (["digits", "--batch-size", "-3"], "batch_size must be at least 1"),
        (["digits", "--network.filters", "0"], "filters"),
        (["digits", "extra"], "one DATA"),
        (["digit"], "Did you mean 'digits'?"),
        ([], "Name the data to train on"),
        (["digits", "--epochs"], "--epochs must be a whole number. Received no value."),
        (["digits", "--data.test", "nan"], "share from 0 to 1"),
        (["digits", "--data.validation", "0"], "at least one validation image"),
        (["folder:absent"], "absent"),
        (["npz:absent.npz"], "absent.npz"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_options(here: Path, capsys, arguments: list[str], message: str):
    assert message in refused(train(*arguments), capsys)
    assert list(here.iterdir()) == []


def test_missing_data_names_the_folder_and_the_files(here: Path, capsys, monkeypatch):
    from latente.data import idx

    monkeypatch.setattr(idx, "MIRRORS", {name: ("http://127.0.0.1:9/",) for name in idx.MIRRORS})
    message = refused(train("mnist", "--data-dir", "data"), capsys)
    assert "data/mnist" in message
    assert "train-images-idx3-ubyte.gz" in message
    assert not (here / "run").exists()


def test_truncated_gzip(here: Path, capsys, real_data: Path):
    (here / "fashion-mnist").mkdir()
    for file in (real_data / "fashion-mnist").iterdir():
        os.symlink(file, here / "fashion-mnist" / file.name)
    (here / IDX).unlink()
    (here / IDX).write_bytes((real_data / IDX).read_bytes()[:100_000])
    message = refused(train("fashion-mnist", "--data-dir", "."), capsys)
    assert "train-images-idx3-ubyte.gz" in message
    assert not (here / "run").exists()


def test_corrupt_image(here: Path, capsys):
    rng = np.random.default_rng(0)
    (here / "photos").mkdir()
    for i in range(40):
        Image.fromarray(rng.integers(0, 256, (12, 10 + i, 3), dtype=np.uint8)).save(here / "photos" / f"{i}.png")
    (here / "photos" / "broken.jpg").write_bytes(b"\xff\xd8\xff not a picture")
    arguments = train("folder:photos", "--data.size", "8", "--epochs", "1", "--quiet")
    message = refused(arguments, capsys)
    assert "broken.jpg" in message
    assert "--data.skip-bad" in message
    assert not (here / "run").exists()
    assert main([*arguments, "--data.skip-bad"]) == 0
    assert Run("run").environment["images"] == {"train": 32, "validation": 4, "test": 4}


def test_empty_folder(here: Path, capsys):
    (here / "photos").mkdir()
    assert "photos" in refused(train("folder:photos"), capsys)
    assert not (here / "run").exists()


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"weights": np.zeros(3)}, "images"),
        ({"images": np.full((20, 8, 8), 300)}, "[0, 255]"),
        ({"images": np.full((20, 8, 8), -1.0)}, "[0, 255]"),
        ({"images": np.full((20, 8, 8), np.nan)}, "NaN"),
    ],
)
def test_arrays(here: Path, capsys, arrays: dict, message: str):
    np.savez(here / "mine.npz", **arrays)
    assert message in refused(train("npz:mine.npz"), capsys)
    assert not (here / "run").exists()


@pytest.mark.parametrize("command", ["sample", "evaluate", "report", "traverse", "train --resume"])
def test_a_folder_that_is_no_run(here: Path, capsys, command: str):
    (here / "folder").mkdir()
    assert "not a run directory" in refused([*command.split(), "folder"], capsys)
    assert "not a run directory: it does not exist" in refused([*command.split(), "absent"], capsys)


def test_a_damaged_run(run: Run, here: Path, capsys):
    (here / "damaged").mkdir()
    (here / "damaged" / "config.json").write_text(json.dumps(run.config)[:50])
    (here / "damaged" / "environment.json").write_text("{}")
    assert "config.json cannot be read" in refused(["train", "--resume", "damaged"], capsys)


def test_a_path_that_cannot_be_written(run: Run, here: Path, capsys):
    (here / "file").write_text("")
    for output in ("absent/samples.png", "file/samples.png"):
        assert f"{output} cannot be written" in refused(["sample", str(run.path), "-o", output], capsys)
    assert "cannot be written" in refused(["encode", str(run.path), "digits", "-o", "absent/codes.csv"], capsys)
    assert "run cannot be written" in refused(["train", "digits", "--run-dir", "file/run"], capsys)
    assert [p.name for p in here.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["smaple"], "Did you mean 'sample'?"),
        (["sample", "RUN", "--temprature", "2"], "Did you mean '--temperature'?"),
        (["sample", "RUN", "-n", "0"], "at least 1"),
        (["sample", "RUN", "-n", "many"], "many"),
        (["interpolate", "RUN", "--from", "0", "--to", "9999"], "the images 0 to 358. Received 9999"),
        (["interpolate", "RUN", "--from", "0", "--to", "1", "--steps", "1"], "at least 2 steps"),
        (["interpolate", "RUN", "--from", "0", "--to", "absent.png"], "absent.png"),
        (["sample", "RUN", "-o", "."], "ends in .png"),
        (["sample", "RUN", "--temperature", "inf"], "finite number"),
        (["encode", "RUN", "digits", "-o", "codes.txt"], ".npz or .csv"),
        (["traverse", "RUN", "--steps", "0"], "at least 2"),
        (["reconstruct", "RUN", "-n", "0"], "at least 1"),
        (["train", "--resume", "RUN", "--epochs", "9"], "Received also --epochs"),
        (["train", "--resume", "RUN"], "is finished after 2 epochs"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_arguments(run: Run, here: Path, capsys, arguments: list[str], message: str):
    assert message in refused([str(run.path) if a == "RUN" else a for a in arguments], capsys)


REQUIRED = [
    ("data", "{list,info,get}"),
    ("encode RUN digits", "-o/--output"),
    ("export RUN", "--format"),
    ("interpolate RUN --to 1", "--from"),
    ("interpolate RUN --from 0", "--to"),
    ("recipe", "COMMAND"),
    ("score RUN digits", "-o/--output"),
]
"""Commands without what they cannot do without, beside their positional arguments."""


@pytest.mark.parametrize(("words", "missing"), REQUIRED)
def test_what_is_required_is_named_where_it_is_left_out(here: Path, capsys, words: str, missing: str):
    assert f"the following arguments are required: {missing}." in refused(words.split(), capsys)
    assert list(here.iterdir()) == []


def test_no_command_requires_more():
    def of(name: str, one: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
        for action in one._actions:
            group = isinstance(action, argparse._SubParsersAction)
            if action.required and name and (group or action.option_strings):
                yield name, "/".join(action.option_strings) or action.metavar
            for word, sub in action.choices.items() if group else ():
                yield from of(f"{name} {word}".strip(), sub)

    assert sorted(of("", parser())) == sorted((words.split()[0], missing) for words, missing in REQUIRED)


def test_a_wrong_header(here: Path, capsys):
    (here / "mnist").mkdir()
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        with gzip.open(here / "mnist" / f"{name}-ubyte.gz", "wb") as file:
            file.write(b"\x00\x00\x08\x07 something else")
    assert "train-images-idx3-ubyte.gz" in refused(train("mnist", "--data-dir", "."), capsys)
    assert not (here / "run").exists()
