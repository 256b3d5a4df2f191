"""What a person types, and what they get."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

import latente
from latente.cli import COMMANDS, evaluate, interpolate, main
from latente.training import Run


def printed_path(capsys: pytest.CaptureFixture[str]) -> Path:
    return Path(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(
    "command",
    [
        ["sample"],
        ["sample", "-n", "100", "--temperature", "0.7", "--seed", "3"],
        ["reconstruct"],
        ["interpolate", "--from", "3", "--to", "17", "--steps", "10"],
        ["interpolate", "--from", "3", "--to", "17", "--path", "spherical"],
        ["traverse"],
        ["map"],
    ],
    ids=" ".join,
)
def test_each_look_writes_a_picture_and_prints_its_path(run: Run, capsys, command: list[str]):
    assert main([command[0], str(run.path), *command[1:]]) == 0
    path = printed_path(capsys)
    assert path.parent == run.path / "figures"
    with Image.open(path) as picture:
        assert min(picture.size) > 100
        assert np.asarray(picture.convert("L")).std() > 5


def test_a_picture_goes_where_it_is_told(run: Run, here: Path, capsys):
    assert main(["sample", str(run.path), "-o", "mine.png", "--npz", "mine.npz"]) == 0
    assert {p.name for p in here.iterdir()} == {"mine.png", "mine.npz"}
    with np.load("mine.npz") as arrays:
        assert arrays["z"].shape == (64, 3)
        np.testing.assert_array_equal(arrays["images"], latente.load(run.path).sample(64))


def test_image_files_can_be_interpolated(run: Run, here: Path, capsys):
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.jpg"):
        Image.fromarray(rng.integers(0, 256, (30, 20, 3), dtype=np.uint8)).save(here / name)
    assert main(["interpolate", str(run.path), "--from", "a.png", "--to", "b.jpg", "-o", "path.png"]) == 0
    assert (here / "path.png").exists()


def test_two_latents_get_the_decoded_plane(plane: Run, capsys):
    assert main(["map", str(plane.path)]) == 0
    assert [Path(line).name for line in capsys.readouterr().out.split()] == ["map.png", "plane.png"]


def test_training_draws_pictures_on_the_way(run: Run):
    names = {path.name for path in (run.path / "figures").iterdir()}
    assert {f"{what}-{epoch:04d}.png" for what in ("samples", "reconstructions") for epoch in (1, 2)} <= names


@pytest.mark.parametrize("name", ["codes.npz", "codes.csv"])
def test_encode_writes_every_image(run: Run, here: Path, capsys, name: str):
    assert main(["encode", str(run.path), "digits", "-o", name]) == 0
    test = latente.data.load("digits").test
    codes = latente.load(run.path).encode(np.asarray(test.images))
    if name.endswith("npz"):
        with np.load(name) as file:
            z, split, label = file["z"], file["split"], file["label"]
    else:
        with open(name) as file:
            rows = list(csv.DictReader(file))
        z = np.array([[float(row[f"z{j}"]) for j in range(3)] for row in rows], "float32")
        split, label = np.array([row["split"] for row in rows]), np.array([int(row["label"]) for row in rows])
    assert len(z) == 1797
    np.testing.assert_allclose(z[split == "test"], codes, atol=1e-6)
    np.testing.assert_array_equal(label[split == "test"], test.labels)


def test_a_few_new_images_can_be_encoded_in_their_order(run: Run, here: Path, capsys):
    images = latente.data.load("digits").test.images[:2]
    np.savez(here / "two.npz", images=images)
    assert main(["encode", str(run.path), "npz:two.npz", "-o", "codes.npz"]) == 0
    with np.load("codes.npz") as file:
        np.testing.assert_allclose(file["z"], latente.load(run).encode(images), atol=1e-6)
        assert file["index"].tolist() == [0, 1]


def test_other_splits_do_not_replace_the_figures_of_the_test(run: Run, capsys):
    test = latente.evaluate(run)["elbo"]
    assert main(["evaluate", str(run.path), "--split", "train"]) == 0
    assert run.metrics["elbo"] == test
    assert run.metrics["elbo@train"]["n"] == 1258


def test_a_model_loads_in_a_process_that_only_imports_latente(run: Run, here: Path):
    run.model().save(here / "vae.keras")
    code = "import latente; print(latente.load('vae.keras').sample(2).shape)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "(2, 12, 12, 1)\n"


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_a_path_is_titled_by_its_kind_and_its_ends(run: Run, monkeypatch: pytest.MonkeyPatch, path: str):
    shown = []
    monkeypatch.setattr(interpolate, "show", lambda figure, *of: shown.append(figure))
    assert main(["interpolate", str(run.path), "--from", "3", "--to", "17", "--path", path]) == 0
    assert f"digits: {path} path from 3 to 17" in [
        axes.get_title(loc) for axes in shown[0].axes for loc in ("left", "center")
    ]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([0.5, -0.25, 1.0, -1.0, 12.0, 1234.5, 3], "0.500 -0.250 1.00 -1.00 12.00 1,234.50 3"),
        ([2.0] * 32, " ".join(["2.00"] * 32)),
        ([7.0, *[2.0] * 17, *[-0.5] * 15], "33 from -0.500 to 7.00, median 2.00"),
    ],
    ids=["of any size", "the most that are listed", "one more"],
)
def test_figures_of_each_latent_are_listed_and_of_many_summed_up(values: list[float], told: str):
    assert evaluate._listed(values) == told


def test_evaluate_prints_a_table_or_json(run: Run, capsys):
    assert main(["evaluate", str(run.path)]) == 0
    table, said = capsys.readouterr()
    assert said == "evaluating digits\n"  # before half a minute of work
    assert "elbo" in table
    assert "nats" in table
    assert max(map(len, table.splitlines())) <= 80
    assert main(["evaluate", str(run.path), "--json"]) == 0
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["elbo"]["unit"] == "nats"
    assert (metrics["elbo"]["split"], metrics["elbo"]["n"]) == ("test", 359)


def test_figures_below_1_have_three_decimals_and_others_two(run: Run, capsys, monkeypatch: pytest.MonkeyPatch):
    values = {"elbo": -1234.567, "whole": 7, "one": 1.0, "minus": -1.0, "less": 0.25, "few": [0.5, 1.0, -2.0]}
    about = {"unit": "nats", "group": "bound", "split": "test", "n": 359, "epoch": 2}
    metrics = {name: {"value": value, **about} for name, value in values.items()}
    metrics["less"]["controls"] = {"real images": 1.0, "noise": -0.5}
    monkeypatch.setattr("latente.evaluation.evaluate", lambda *given, **options: metrics)
    assert main(["evaluate", str(run.path)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert {line[0]: " ".join(line[1:]) for line in lines if line and line[0] in values} == {
        "elbo": "-1,234.57 nats",
        "whole": "7 nats",
        "one": "1.00 nats",
        "minus": "-1.00 nats",
        "less": "0.250 nats (real images 1.00) (noise -0.500)",
        "few": "nats: 0.500 1.00 -2.00",
    }


def test_the_report_is_one_file(run: Run, capsys):
    assert main(["report", str(run.path)]) == 0
    html = printed_path(capsys).read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == 6
    assert "http" not in html.replace("http-equiv", "")
    for word in ("ELBO", "Samples from the prior", "Latent traversals", "data_fingerprint", "latent_dim"):
        assert word in html


def test_print_config_can_be_given_back(here: Path, capsys):
    assert (
        main(
            [
                "train",
                "digits",
                "--beta",
                "4",
                "--likelihood",
                "Gaussian",
                "--network.filters",
                "8,16",
                "--print-config",
            ]
        )
        == 0
    )
    text = capsys.readouterr().out
    (here / "config.yaml").write_text(text)
    assert yaml.safe_load(text)["objective"]["beta"] == 4
    assert main(["train", "--config", "config.yaml", "--beta", "5", "--print-config"]) == 0
    assert capsys.readouterr().out == text.replace("beta: 4.0", "beta: 5.0")


def test_train_from_a_config_of_a_run(run: Run, here: Path, capsys):
    assert main(["train", "--config", str(run.path / "config.json"), "--epochs", "1", "--run-dir", "again"]) == 0
    out, err = capsys.readouterr()
    assert out == "again\n"
    assert "epoch 1/1 loss" in err
    assert Run("again").config["latent_dim"] == 3


def test_train_help_lists_every_option(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--help"])
    assert stopped.value.code == 0
    out = capsys.readouterr().out
    for word in (
        "--latent-dim",
        "--beta",
        "--objective.free-bits",
        "--likelihood Gaussian",
        "--data.skip-bad",
        "--data.binarize",
    ):
        assert word in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert COMMANDS[command].HELP in " ".join(capsys.readouterr().out.split())


def test_the_name_alone_explains_itself(capsys):
    with pytest.raises(SystemExit) as ended:
        main([])
    assert not ended.value.code
    out = capsys.readouterr().out
    assert "latente train fashion-mnist" in out
    titles = ["train a model:", "look at it:", "judge it:", "use it, share it:", "learn:"]
    assert [line for line in out.splitlines() if line in titles] == titles
    for name, module in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(module.HELP)}$", out, re.MULTILINE)
    assert max(map(len, out.splitlines())) <= 80


def test_the_terminal_is_quiet(here: Path):
    """No log line of a backend, no deprecation; standard output is the path alone."""
    command = [sys.executable, "-m", "latente", "train", "digits", "--epochs", "1", "--run-dir", "run"]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout == "run\n"
    # After ten steps the likeliest latent carries 0.01 nats, more or less: whether that is told of is the noise's say.
    lines = [line for line in found.stderr.splitlines() if not line.startswith("warning: epoch 1: the KL dominates")]
    assert len(lines) == 4, found.stderr
    assert "images kept there; steps a call: " in lines[0]
    assert lines[1].startswith("warning: 1,258 images in batches of 128 make 10 steps")
    assert lines[2].startswith("epoch 1/1 loss")
    assert lines[3].startswith("run: best epoch 1, validation ELBO")


def test_the_demo_names_what_it_made(here: Path, capsys, monkeypatch):
    from latente.cli import demo

    monkeypatch.setattr(demo, "TRAINING", ("--epochs", "1", "--network.filters", "4,6"))
    assert main(["demo", "--run-dir", "demo"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "demo/figures" in last
    assert "demo/report.html" in last
    assert (here / "demo" / "report.html").exists()
