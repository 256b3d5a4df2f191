"""Which images are not of the kind that a run was trained on."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import latente
from latente.cli import main
from latente.training import Run


def test_other_images_get_scores_percentiles_and_an_auroc(run: Run, here: Path, capsys):
    noise = np.random.default_rng(0).integers(0, 256, (30, 12, 12, 1), "uint8")
    np.savez("noise.npz", images=noise, labels=np.arange(30))
    assert main(["score", str(run.path), "npz:noise.npz", "-o", "scores.csv"]) == 0
    *table, path = capsys.readouterr().out.splitlines()
    assert path == "scores.csv"
    assert max(map(len, table)) <= 80
    areas = {line.split()[0]: float(line.split()[1]) for line in table[1:4]}
    assert list(areas) == ["likelihood", "reconstruction", "typicality"]
    assert areas["typicality"] > 0.99
    assert "30 images of npz:noise.npz" in table[4]
    assert "359 test images of the run" in table[5]
    with open("scores.csv") as file:
        rows = list(csv.DictReader(file))
    assert [(row["split"], int(row["index"]), int(row["label"])) for row in rows] == [
        ("train", i, i) for i in range(30)
    ]
    assert all(float(row["typicality_percentile"]) > 90 for row in rows)


def test_the_images_of_the_run_get_no_auroc(run: Run, here: Path, capsys):
    assert main(["score", str(run.path), "-o", "scores.npz"]) == 0
    assert capsys.readouterr().out == "scores.npz\n"
    with np.load("scores.npz") as file:
        assert file["typicality"].shape == file["split"].shape == (1797,)


def test_pictures_keep_the_names_of_their_files(run: Run, here: Path, capsys):
    for name in ("b.png", "a/c.png", "a/d.png"):
        Path("new", name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((12, 12), ord(name[-5]), "uint8")).save(Path("new", name))
    for command in ("encode", "score"):
        assert main([command, str(run.path), "folder:new", "-o", f"{command}.csv"]) == 0
        with open(f"{command}.csv") as file:
            assert [row["file"] for row in csv.DictReader(file)] == ["a/c.png", "a/d.png", "b.png"]


def test_without_the_data_of_the_run_it_says_what_is_missing(here: Path, capsys):
    images = latente.data.load("digits").train.images[:300]
    np.savez("own.npz", images=images)
    np.savez("other.npz", images=images[:40])
    small = {"epochs": 1, "latent_dim": 2, "network": "Dense", "network.hidden": (8,), "training.pictures_every": 0}
    latente.train("npz:own.npz", "run", progress=False, **small)
    Path("own.npz").unlink()
    assert main(["score", "run", "npz:other.npz", "-o", "scores.csv"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("No typicality, percentiles or AUROC: they need the run's own data.")
    assert Path("scores.csv").read_text().startswith("split,index,elbo,reconstruction,kl,png,likelihood\n")


@pytest.mark.parametrize("command", ["encode", "score"])
def test_a_table_of_another_form_is_refused(run: Run, capsys, command: str):
    assert main([command, str(run.path), "digits", "-o", "table.txt"]) == 2
    assert "must end in .npz or .csv. Received table.txt" in capsys.readouterr().err


@pytest.mark.slow
def test_garments_are_told_from_digits_by_typicality_and_not_by_likelihood(real_data: Path, here: Path, capsys):
    garments = latente.data.load("fashion-mnist", data_dir=str(real_data), subset=20_000)
    latente.train(garments, "run", progress=False, epochs=4, **{"training.pictures_every": 0})
    assert main(["score", "run", "mnist", "-o", "scores.npz", "--data-dir", str(real_data)]) == 0
    areas = {line.split()[0]: float(line.split()[1]) for line in capsys.readouterr().out.splitlines()[1:4]}
    assert areas["likelihood"] < 0.7
    assert areas["typicality"] > 0.98
