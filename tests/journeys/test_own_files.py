"""What people bring: folders of microscope pictures, arrays, odd names; from the files to every command."""

import argparse
import base64
import csv
import io
import json
import logging
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from fastapi.testclient import TestClient
from matplotlib.text import Text
from PIL import Image

import latente
from hand_made import idx_bytes
from latente import figures
from latente.cli import main, parser
from latente.cli.arrays import save_npz
from latente.data import idx
from latente.figures.comparison import plane, rate_distortion
from latente.figures.diagnosis import diagnosis_page, latent_bars
from latente.serving import create_app
from latente.training import Run

SMALL = ["--network", "Dense", "--network.hidden", "8", "--latent-dim", "2", "--epochs", "1", "--quiet"]
DOLLARS = r"a$\frac{b$"
"""No formula, though Matplotlib would take it for one."""


def twelve_bits(folder: Path, n: int = 30, size: tuple[int, int] = (8, 12)) -> Path:
    """Pictures of 12 bits in files of 16."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for i in range(n):
        pixels = rng.integers(0, 4096, size)
        pixels[0, :2] = 0, 4095
        Image.fromarray(pixels.astype(np.uint16)).save(folder / f"{i:02}.png")
    return folder


@pytest.fixture(scope="module")
def micro(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Trained on pictures of 12 bits, 8 x 12 pixels, stretched; its folder and its classes have dollar signs."""
    there = tmp_path_factory.mktemp("micro")
    for name in (DOLLARS, "$"):
        twelve_bits(there / "cells" / name)
    small = {"network": "Dense", "network.hidden": (8,), "latent_dim": 2, "epochs": 1}
    source = f"folder:{there / 'cells'}"
    return latente.train(source, there / DOLLARS, progress=False, **{"data.range": (0, 4095)}, **small)


def rows(path: str) -> list[dict[str, str]]:
    with open(path) as file:
        return list(csv.DictReader(file))


def test_a_set_that_is_nearly_black_is_said_at_the_start_and_recorded(here: Path, caplog):
    twelve_bits(here / "cells")
    assert main(["train", "cells/", "--run-dir", "dark", *SMALL]) == 0
    said = "from 0 to 4095, a small part of 0 to 65535: the images have little contrast. --data.range 0,4095"
    assert said in caplog.text
    assert [said in note for note in Run("dark").environment["data_notes"]] == [True]
    caplog.clear()
    assert main(["train", "cells/", "--run-dir", "bright", "--data.range", "0,4095", *SMALL]) == 0
    assert "contrast" not in caplog.text
    bright = Run("bright")
    assert bright.environment["data_notes"] == []
    assert bright.config["data"]["range"] == [0, 4095] == list(bright.pixel_range)
    assert bright.data().train.images[:].max() == 255
    assert Run("dark").data().train.images[:].max() == 16


def test_a_bare_path_trains_and_the_run_knows_its_kind(here: Path):
    twelve_bits(here / "cells")
    assert main(["train", "cells/", "--run-dir", "run", *SMALL]) == 0
    assert Run("run").config["data"]["name"] == f"folder:{here / 'cells'}"
    assert main(["encode", "run", "cells", "-o", "bare.csv"]) == 0
    assert main(["encode", "run", "-o", "own.csv"]) == 0
    assert rows("bare.csv") == rows("own.csv")  # the same data, in the splits of the run


def test_new_images_are_read_on_the_range_and_in_the_size_of_the_run(micro: Run, here: Path):
    assert micro.environment["image_shape"] == [8, 12, 1]
    files = Path(micro.config["data"]["name"].removeprefix("folder:"))
    images = twelve_bits(here / "new", 4)
    assert main(["encode", str(micro.path), "new", "-o", "new.csv"]) == 0
    assert main(["encode", str(micro.path), "-o", "own.csv"]) == 0
    own = {row["file"]: row for row in rows("own.csv")}
    new = rows("new.csv")
    assert [row["file"] for row in new] == ["00.png", "01.png", "02.png", "03.png"]
    for row in new:
        same = own[f"$/{row['file']}"]
        assert (files / same["file"]).read_bytes() == (images / row["file"]).read_bytes()
        np.testing.assert_allclose(
            [float(row[f"z{i}"]) for i in (0, 1)], [float(same[f"z{i}"]) for i in (0, 1)], atol=1e-5
        )


def test_one_file_is_read_on_the_range_of_the_run(micro: Run, here: Path):
    image = twelve_bits(here / "new", 1) / "00.png"
    given = latente.data.read_image(image, (8, 12, 1), micro.pixel_range)
    with TestClient(create_app([micro])) as client:
        asked = {"images": [base64.b64encode(image.read_bytes()).decode(), (given / 255).tolist()]}
        name = client.get("/api/v1/runs").json()[0]["name"]
        answer = client.post(f"/api/v1/runs/{quote(name)}/encode", json=asked)
    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(*answer.json()["codes"], atol=1e-5)
    pixels = np.asarray(Image.open(image)) / 4095 * 255
    np.testing.assert_allclose(given[..., 0], pixels, atol=0.5001)


def test_a_stack_of_pages_goes_all_the_way(here: Path):
    rng = np.random.default_rng(0)
    pages = [Image.fromarray(rng.integers(0, 256, (8, 8), np.uint8)) for _ in range(40)]
    pages[0].save(here / "frames.tif", save_all=True, append_images=pages[1:])
    (here / "stack").mkdir()
    (here / "frames.tif").rename(here / "stack" / "frames.tif")
    assert main(["train", "stack", "--run-dir", "run", *SMALL]) == 0
    assert sum(Run("run").environment["images"].values()) == 40
    assert main(["encode", "run", "-o", "codes.csv"]) == 0
    assert {row["file"] for row in rows("codes.csv")} == {f"frames.tif#{page}" for page in range(1, 41)}
    first, last = "stack/frames.tif#1", "stack/frames.tif#40"
    assert main(["interpolate", "run", "--from", first, "--to", last, "-o", "path.png"]) == 0


@pytest.mark.parametrize("command", ["encode", "score"])
def test_a_folder_gives_an_npz_with_the_names_of_its_files(micro: Run, here: Path, command: str):
    assert main([command, str(micro.path), "-o", "table.npz"]) == 0
    assert main([command, str(micro.path), "-o", "table.csv"]) == 0
    with np.load("table.npz") as table:
        assert table["file"].tolist() == [row["file"] for row in rows("table.csv")]
        assert set(table.files) >= {"split", "index", "file", "label"}


def test_an_npz_takes_any_name(here: Path):
    names = ("file", "allow_pickle", "args", "kwds", "arr_0", "self", "$", "with space")
    save_npz(Path("any.npz"), {name: np.arange(i) for i, name in enumerate(names)})
    with np.load("any.npz") as found:
        assert {name: len(found[name]) for name in found.files} == {name: i for i, name in enumerate(names)}


SEEDED = ["diagnose", "encode", "evaluate", "fit-prior", "sample", "score"]


def test_the_commands_with_a_seed_are_these():
    (commands,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    found = [name for name, sub in commands.choices.items() if "--seed" in sub._option_string_actions]
    assert sorted(found) == SEEDED


@pytest.mark.parametrize("seed", ["-1", "4294967296", "1.5", "one"])
@pytest.mark.parametrize("command", SEEDED)
def test_a_seed_that_is_none_is_refused_in_one_sentence(micro: Run, here: Path, capsys, command: str, seed: str):
    output = ["-o", "out.csv"] if command in ("encode", "score") else []
    assert main([command, str(micro.path), *output, "--seed", seed]) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert f"from 0 to 2**32 - 1. Received {seed}" in message
    assert not list(here.iterdir())


@pytest.mark.parametrize("command", SEEDED)
def test_every_other_seed_is_taken(command: str):
    output = ["-o", "out.csv"] if command in ("encode", "score") else []
    for seed in (0, 63, 64, 1000, 4294967295):
        assert parser().parse_args([command, "RUN", *output, "--seed", str(seed)]).seed == seed


@pytest.mark.parametrize("seed", ["-1", "4294967296"])
def test_training_refuses_them_too(here: Path, capsys, seed: str):
    assert main(["train", "digits", "--seed", seed]) == 2
    assert "seed must be" in capsys.readouterr().err
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    "words", ["sample", "reconstruct", "traverse", "map", "diagnose", "report", "interpolate --from 0 --to 1"]
)
def test_dollar_signs_in_names_are_shown_as_they_are(micro: Run, words: str):
    command, *options = words.split()
    assert main([command, str(micro.path), *options]) == 0


POINTS = {DOLLARS: np.array([[0.0, 1.0], [2.0, 3.0]])}
IMAGES = np.zeros((4, 8, 8, 1), np.uint8)
LATENTS = {DOLLARS: (np.array([0.5, 0.001]), 0.01)}
ENTRY = {name: 1.0 for key in ("elbo", "reconstruction", "kl", "active_units") for name in (key, f"val_{key}")}
FIGURES = {
    "plane": lambda: plane(POINTS, (DOLLARS, DOLLARS), DOLLARS),
    "rate_distortion": lambda: rate_distortion(POINTS, DOLLARS),
    "curves": lambda: figures.curves([{"epoch": 1, **ENTRY}], DOLLARS),
    "grid": lambda: figures.grid(IMAGES, 2, DOLLARS, [DOLLARS, "b"]),
    "rows": lambda: figures.rows({DOLLARS: IMAGES}, DOLLARS, [DOLLARS] * 4, DOLLARS),
    "latent_map": lambda: figures.latent_map(
        POINTS[DOLLARS], np.array([0, 1]), [DOLLARS, "b"], (DOLLARS, "y"), DOLLARS
    ),
    "manifold": lambda: figures.manifold(IMAGES, [0.1, 0.9], DOLLARS),
    "diagnosis_page": lambda: diagnosis_page({DOLLARS: IMAGES}, {DOLLARS: [1.0, 2.0]}, LATENTS, DOLLARS),
    "latent_bars": lambda: latent_bars({DOLLARS: LATENTS}),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_shows_names_as_they_are(here: Path, name: str):
    figure = FIGURES[name]()
    figures.save_figure(figure, Path("figure.png"))
    FIGURES[name]().savefig(io.BytesIO())  # as a notebook shows it
    shown = [each.get_text() for each in figure.findobj(Text)]
    assert DOLLARS in shown
    assert not any("mathdefault" in text for text in shown)  # the labels of a logarithmic axis


def test_files_that_are_not_the_published_ones_are_recorded(here: Path, monkeypatch, caplog):
    monkeypatch.setattr(idx, "COUNTS", {"train": 60, "t10k": 20})
    rng = np.random.default_rng(0)
    for prefix, n in idx.COUNTS.items():
        images, labels = rng.integers(0, 256, (n, 28, 28), np.uint8), rng.integers(0, 10, n, np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            (here / f"{prefix}-{kind}-ubyte").write_bytes(idx_bytes(array))
    with caplog.at_level(logging.WARNING):
        words = ["train", "mnist", "--data-dir", str(here), "--data.validation", "10", "--run-dir", "run"]
        assert main([*words, *SMALL]) == 0
    assert "Not the published files of mnist: train-images-idx3-ubyte, " in caplog.text
    (note,) = json.loads(Path("run", "environment.json").read_text())["data_notes"]
    assert note in caplog.text
