"""Every option of every command changes what a person gets, and what they get is known from elsewhere.

A test says by ``proves`` whose options it holds. An option of the parser that none proves fails the suite.
"""

import argparse
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.stats import norm

import latente
from hand_made import idx_bytes
from latente.cli import main, parser
from latente.data import idx
from latente.errors import UserError
from latente.recipes import RECIPES, Experiment, PlannedRun, Recipe
from latente.report import pictures
from latente.training import Run

PROVED: set[tuple[str, str]] = set()
DENSE = ["--network", "Dense", "--network.hidden", "8", "--latent-dim", "2", "--training.pictures-every", "0"]


def proves(command: str, *options: str) -> Callable[[Callable], Callable]:
    PROVED.update((command, option) for option in options)
    return lambda test: test


def every_option() -> Iterator[tuple[str, str]]:
    """Each option of each command by its longest name."""

    def of(name: str, one: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
        for action in one._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word, sub in action.choices.items():
                    yield from of(f"{name} {word}".strip(), sub)
            elif action.option_strings and not isinstance(action, argparse._HelpAction | argparse._VersionAction):
                yield name, max(action.option_strings, key=len)

    return of("", parser())


def test_every_option_is_proved_here():
    assert set(every_option()) == PROVED


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The images of each sheet that a command draws: by the name of a row, or of the whole."""
    found: list[Any] = []
    for name in ("rows", "grid"):
        draw = getattr(pictures, name)

        def spied(images: Any, *args: Any, draw: Callable = draw, **kwargs: Any) -> Any:
            found.append(
                {str(row): np.asarray(each) for row, each in images.items()} if isinstance(images, dict) else images
            )
            return draw(images, *args, **kwargs)

        monkeypatch.setattr(pictures, name, spied)
    return found


def ran(*words: object) -> None:
    assert main(list(map(str, words))) == 0


def read(path: str) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return dict(file)


# What a command writes, and where.

WRITERS = {
    "sample": ["-n", "3"],
    "reconstruct": ["-n", "3"],
    "interpolate": ["--from", "0", "--to", "1"],
    "traverse": [],
    "map": [],
}


@pytest.mark.parametrize("command", WRITERS)
@proves("sample", "--output")
@proves("reconstruct", "--output")
@proves("interpolate", "--output")
@proves("traverse", "--output")
@proves("map", "--output")
def test_a_picture_goes_where_it_is_told_and_nowhere_else(run: Run, here: Path, command: str):
    before = sorted(run.path.rglob("*"))
    ran(command, run.path, *WRITERS[command], "-o", "mine.png")
    assert [path.name for path in here.iterdir()] == ["mine.png"]
    assert sorted(run.path.rglob("*")) == before


@proves("encode", "--output")
@proves("score", "--output")
def test_a_table_goes_where_it_is_told(run: Run, here: Path):
    ran("encode", run.path, "-o", "a.csv")
    ran("score", run.path, "-o", "b.npz")
    assert {path.name for path in here.iterdir()} == {"a.csv", "b.npz"}


@proves("export", "--output", "--format")
def test_an_export_is_of_the_format_and_where_it_is_told(plane: Run, here: Path):
    for name, expected in {"keras": "encoder.keras", "onnx": "encoder.onnx", "saved-model": "encoder"}.items():
        ran("export", plane.path, "--format", name, "-o", name)
        assert (here / name / expected).exists()
        assert json.loads((here / name / "config.json").read_text())["format"] == name
    ran("export", plane.path, "--format", "html", "-o", "page.html")
    assert (here / "page.html").read_text().startswith("<!doctype html>")


# How many, and which.


@proves("reconstruct", "-n")
def test_so_many_images_are_reconstructed(run: Run, here: Path, shown: list):
    images = np.asarray(run.data().test.images[:7])
    ran("reconstruct", run.path, "-n", 7)
    (sheet,) = shown
    np.testing.assert_array_equal(sheet["image"], images)
    np.testing.assert_array_equal(sheet["reconstruction"], run.model().reconstruct(images))


@proves("sample", "-n", "--temperature", "--seed", "--npz")
def test_samples_are_so_many_so_warm_and_of_that_seed(run: Run, here: Path, shown: list):
    vae = run.model()
    ran("sample", run.path, "-n", 5, "--seed", 7, "--npz", "plain.npz")
    ran("sample", run.path, "-n", 5, "--seed", 7, "--temperature", 0.5, "--npz", "cool.npz")
    ran("sample", run.path, "-n", 5, "--seed", 8, "--npz", "other.npz")
    plain, cool, other = (read(f"{name}.npz") for name in ("plain", "cool", "other"))
    assert plain["z"].shape == (5, 3)
    np.testing.assert_allclose(cool["z"], plain["z"] / 2, rtol=1e-6)  # of N(0, I)
    assert np.abs(other["z"] - plain["z"]).min() > 1e-6
    for drawn, sheet in zip((plain, cool, other), shown, strict=True):
        np.testing.assert_array_equal(drawn["images"], vae.decode(drawn["z"]))
        np.testing.assert_array_equal(drawn["images"], sheet)


@proves("sample", "--own-prior")
@proves("fit-prior", "--kind", "--components", "--seed")
def test_the_prior_that_is_drawn_from_is_the_one_asked_for(run: Run, here: Path):
    mine = Run(shutil.copytree(run.path, here / "mine"))
    means = {}
    for name, flags in {
        "three": ["--components", 3],
        "again": ["--components", 3],
        "seed": ["--components", 3, "--seed", 1],
        "one": ["--kind", "gaussian"],
    }.items():
        ran("fit-prior", mine.path, *flags)
        means[name] = mine.fitted_prior.means
    assert {name: len(each) for name, each in means.items()} == {"three": 3, "again": 3, "seed": 3, "one": 1}
    np.testing.assert_array_equal(means["three"], means["again"])
    assert (means["three"] != means["seed"]).all()
    ran("sample", mine.path, "-n", 4, "--npz", "fitted.npz")
    ran("sample", mine.path, "-n", 4, "--own-prior", "--npz", "own.npz")
    np.testing.assert_array_equal(read("own.npz")["z"], mine.model().sample_codes(4))
    assert (read("fitted.npz")["z"] != read("own.npz")["z"]).all()


@proves("interpolate", "--from", "--to", "--steps", "--path")
def test_a_path_has_its_ends_its_steps_and_its_shape(here: Path, untrained: Callable[..., Run], shown: list):
    made = untrained("loud", latent_dim=3, network="Dense", **{"network.hidden": (8,)})
    vae, images = made.model(), np.asarray(made.data().test.images[[5, 11]])
    for weight in vae.trainable_variables:  # at the start all codes are near zero, and their images alike
        weight.assign(weight * 4)
    made.save(vae, best=True)
    first, last = vae.encode(images).astype("float64")
    ran("interpolate", made.path, "--from", 5, "--to", 11, "--steps", 4)
    ran("interpolate", made.path, "--from", 5, "--to", 11, "--steps", 4, "--path", "spherical")
    straight, round_ = (sheet["decoded path"] for sheet in shown)
    t = np.array([0, 1 / 3, 2 / 3, 1])[:, None]
    np.testing.assert_allclose(straight, vae.decode((1 - t) * first + t * last), atol=1e-5)
    angle = np.arccos(first @ last / np.linalg.norm(first) / np.linalg.norm(last))
    arc = (np.sin((1 - t) * angle) * first + np.sin(t * angle) * last) / np.sin(angle)
    np.testing.assert_allclose(round_, vae.decode(arc), atol=1e-5)
    assert np.abs(straight[1] - round_[1]).max() > 1e-3


def test_a_path_of_a_conditional_model_has_the_labels_of_its_ends(
    here: Path, untrained: Callable[..., Run], shown: list
):
    made = untrained("told", classes=10, latent_dim=3, network="Dense", **{"network.hidden": (8,)})
    vae, test = made.model(), made.data().test
    images, labels = np.asarray(test.images[[5, 11]]), test.labels[[5, 11]]
    assert labels[0] != labels[1]
    first, last = vae.encode(images, labels=labels)
    ran("interpolate", made.path, "--from", 5, "--to", 11, "--steps", 4)
    t = np.array([0, 1 / 3, 2 / 3, 1])[:, None]
    codes = (1 - t) * first + t * last
    found = shown[0]["decoded path"]
    np.testing.assert_allclose(found, vae.decode(codes, labels.repeat(2)), atol=1e-5)
    assert np.abs(found - vae.decode(codes, labels[::-1].repeat(2))).max() > 1e-3


@proves("traverse", "--steps")
def test_a_traversal_has_its_steps(run: Run, here: Path, shown: list):
    ran("traverse", run.path, "--steps", 5)
    (sheet,) = shown
    order = np.argsort(run.best_epoch["val_kl_per_dimension"])[::-1]
    assert [name.split()[1] for name in sheet] == [str(latent) for latent in order]
    codes = np.zeros((5, 3))
    codes[:, order[0]] = norm.ppf([0.01, 0.255, 0.5, 0.745, 0.99])
    np.testing.assert_allclose(next(iter(sheet.values())), run.model().decode(codes), atol=1e-6)


@proves("sample", "--label")
@proves("traverse", "--label")
def test_a_class_is_the_one_asked_for(here: Path, untrained: Callable[..., Run], shown: list):
    made = untrained("conditional", classes=3, latent_dim=2, network="Dense", **{"network.hidden": (8,)})
    vae = made.model()
    ran("sample", made.path, "-n", 4, "--label", 2, "--npz", "two.npz")
    ran("sample", made.path, "-n", 4, "--npz", "all.npz")
    assert read("two.npz")["labels"].tolist() == [2, 2, 2, 2]
    assert read("all.npz")["labels"].tolist() == [0, 1, 2, 0]
    np.testing.assert_array_equal(read("two.npz")["images"], vae.decode(read("two.npz")["z"], labels=2))
    assert (read("two.npz")["images"][:2] != read("all.npz")["images"][:2]).any(axis=(1, 2, 3)).all()
    shown.clear()
    ran("traverse", made.path, "--label", "class 1")
    codes = np.zeros((11, 2))
    codes[:, 0] = norm.ppf(np.linspace(0.01, 0.99, 11))
    np.testing.assert_allclose(shown[0]["z 0"], vae.decode(codes, 1), atol=1e-6)


# What is measured.


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run on few digits."""
    options = {"network.hidden": (8,), "data.subset": 90, "training.pictures_every": 0}
    path = tmp_path_factory.mktemp("few") / "run"
    return latente.train("digits", run_dir=path, progress=False, epochs=1, latent_dim=2, network="Dense", **options)


@proves("encode", "--sample", "--seed")
def test_codes_are_means_or_draws_of_a_seed(run: Run, here: Path):
    for name, flags in {"mean": [], "a": ["--sample"], "b": ["--sample"], "c": ["--sample", "--seed", 1]}.items():
        ran("encode", run.path, "-o", f"{name}.npz", *flags)
    mean, a, b, c = (read(f"{name}.npz")["z"] for name in ("mean", "a", "b", "c"))
    images = np.concatenate([np.asarray(split.images) for split in run.data().splits.values()])
    expected, log_var = run.model().moments(images)
    np.testing.assert_allclose(mean, expected, atol=1e-6)
    np.testing.assert_array_equal(a, b)
    for drawn in (a, c):
        noise = (drawn - expected) / np.exp(0.5 * log_var)
        assert abs(noise.mean()) < 5 / np.sqrt(noise.size)
        assert abs(noise.std() - 1) < 5 / np.sqrt(2 * noise.size)
    assert (a != c).mean() > 0.999


def test_codes_of_a_conditional_run_have_their_labels_and_each_split_its_own_noise(
    here: Path, untrained: Callable[..., Run]
):
    made = untrained("labelled", classes=10, latent_dim=2, network="Dense", **{"network.hidden": (8,)})
    ran("encode", made.path, "-o", "drawn.npz", "--sample")
    drawn, vae, noise = read("drawn.npz"), made.model(), {}
    for name, split in made.data().splits.items():
        mean, log_var = vae.moments(np.asarray(split.images), split.labels)
        other, _ = vae.moments(np.asarray(split.images), (split.labels + 1) % 10)
        assert np.abs(mean - other).mean() > 0.01
        noise[name] = (drawn["z"][drawn["split"] == name] - mean) / np.exp(0.5 * log_var)
        assert np.abs(noise[name].mean(axis=0)).max() < 5 / np.sqrt(len(split))
        assert abs(noise[name].std() - 1) < 5 / np.sqrt(2 * noise[name].size)
    first, second = (noise[name][:200].ravel() for name in ("train", "test"))
    assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(400)


@proves("score", "--seed")
def test_scores_of_another_seed_are_of_other_draws(run: Run, here: Path):
    for name, seed in {"a": 0, "b": 0, "c": 1}.items():
        ran("score", run.path, "-o", f"{name}.npz", "--seed", seed)
    a, b, c = (read(f"{name}.npz") for name in "abc")
    np.testing.assert_array_equal(a["elbo"], b["elbo"])
    np.testing.assert_array_equal(a["kl"], c["kl"])  # in closed form
    assert (a["reconstruction"] != c["reconstruction"]).mean() > 0.99


@proves("evaluate", "--split", "--samples", "--images", "--seed", "--json")
def test_an_evaluation_is_of_what_is_asked_for(few: Run, here: Path, capsys: pytest.CaptureFixture[str]):
    def evaluated(*flags: object) -> dict:
        capsys.readouterr()
        ran("evaluate", few.path, "--json", *flags)
        return json.loads(capsys.readouterr().out)

    sizes = {name: len(split) for name, split in few.data().splits.items()}
    assert len(set(sizes.values())) == 3
    for split, n in sizes.items():
        found = evaluated("--split", split)
        images = np.asarray(few.data().splits[split].images)
        mean, log_var = few.model().moments(images)
        kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
        assert (found["kl"]["n"], found["kl"]["split"]) == (n, split)
        assert found["kl"]["value"] == pytest.approx(kl, rel=1e-4)
    plain, other = evaluated(), evaluated("--seed", 1)
    assert "log_likelihood" not in plain
    assert plain["elbo"] != other["elbo"]
    assert plain["kl"]["value"] == other["kl"]["value"]
    bound = evaluated("--samples", 7, "--images", 3)["log_likelihood"]
    assert (bound["z_samples"], bound["n"]) == (7, 3)
    ran("evaluate", few.path)
    with pytest.raises(json.JSONDecodeError):
        json.loads(capsys.readouterr().out)


@proves("evaluate", "--inception")
def test_inception_is_looked_for_where_it_is_told(run: Run, here: Path, capsys: pytest.CaptureFixture[str]):
    """tests/evaluation/test_inception.py has its features."""
    assert main(["evaluate", str(run.path), "--inception", "weights.h5"]) == 2
    assert "There is none at weights.h5" in capsys.readouterr().err


@proves("diagnose", "--seed", "--json")
def test_a_diagnosis_of_another_seed_is_of_other_draws(few: Run, here: Path, capsys: pytest.CaptureFixture[str]):
    found = []
    for seed in (0, 0, 1):
        capsys.readouterr()
        ran("diagnose", few.path, "--seed", seed, "--json")
        found.append(json.loads(capsys.readouterr().out)["figures"])
    assert found[0] == found[1]
    assert found[0]["kl"] == found[2]["kl"]
    assert found[0]["reconstruction"] != found[2]["reconstruction"]
    ran("diagnose", few.path)
    assert capsys.readouterr().out.startswith("Verdict: ")


# How a run is made.


@proves("train", "--config", "--print-config", "--run-dir", "--quiet")
def test_training_follows_its_config_goes_where_it_is_told_and_is_quiet(here: Path, capsys: pytest.CaptureFixture[str]):
    Path("c.yaml").write_text("latent_dim: 3\nlr: 0.005\n")
    ran("train", "digits", "--config", "c.yaml", "--lr", "0.01", "--print-config")
    config = yaml.safe_load(capsys.readouterr().out)
    assert (config["latent_dim"], config["training"]["lr"]) == (3, 0.01)  # a flag comes before the file
    assert [path.name for path in here.iterdir()] == ["c.yaml"]
    small = [*DENSE[:4], "--training.pictures-every", 0, "--epochs", 1]
    ran("train", "digits", "--config", "c.yaml", *small, "--run-dir", "mine", "--quiet")
    out, err = capsys.readouterr()
    assert out == "mine\n"
    assert "loss" not in err
    assert Run("mine").config["latent_dim"] == 3
    ran("train", "digits", *DENSE, "--epochs", 1, "--run-dir", "loud")
    assert "epoch 1/1 loss" in capsys.readouterr().err


@proves("train", "--resume")
def test_a_run_is_gone_on_with(here: Path, monkeypatch: pytest.MonkeyPatch):
    record = Run.record

    def stop(run: Run, entry: dict) -> list:
        if entry["epoch"] == 2:
            raise KeyboardInterrupt
        return record(run, entry)

    with monkeypatch.context() as patched:
        patched.setattr(Run, "record", stop)
        assert main(["train", "digits", *DENSE, "--epochs", "3", "--run-dir", "mine", "--quiet"]) == 130
    first = Run("mine").log
    assert [entry["epoch"] for entry in first] == [1]
    ran("train", "--resume", "mine", "--quiet")
    assert [entry["epoch"] for entry in Run("mine").log] == [1, 2, 3]
    assert Run("mine").log[0] == first[0]


@pytest.fixture
def uncompared(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders of the sweeps, whose runs are trained, and neither evaluated nor compared."""
    from latente.cli import sweep
    from latente.report import comparison

    folders: list[Path] = []
    monkeypatch.setattr(comparison, "ensure_evaluated", lambda *_: None)
    monkeypatch.setattr(comparison, "compare", lambda runs, folder, *_: folders.append(Path(folder)))
    monkeypatch.setattr(sweep, "show_comparison", lambda _: None)
    return folders


@proves("sweep", "--config", "--sweep-dir", "--quiet")
def test_a_sweep_follows_its_config_goes_where_it_is_told_and_is_quiet(
    here: Path, uncompared: list[Path], capsys: pytest.CaptureFixture[str]
):
    Path("c.yaml").write_text("latent_dim: 3\n")
    small = [*DENSE[:4], "--training.pictures-every", "0", "--epochs", "1"]
    words = ["sweep", "digits", "--config", "c.yaml", *small, "--seed", "0,1", "--sweep-dir", "grid"]
    ran(*words, "--quiet")
    assert "seed=0" not in capsys.readouterr().err
    assert sorted(path.name for path in Path("grid").glob("seed*")) == ["seed=0", "seed=1"]
    assert sorted(path.name for path in here.iterdir()) == ["c.yaml", "grid"]
    assert Run("grid/seed=1").config["latent_dim"] == 3
    ran(*words)
    assert "[1/2] seed=0: finished before" in capsys.readouterr().err
    assert uncompared == [Path("grid")] * 2


@proves("demo", "--run-dir")
def test_each_step_of_the_demo_is_on_the_run_that_is_told(here: Path, capsys: pytest.CaptureFixture[str]):
    arguments = parser().parse_args(["demo", "--run-dir", "mine"])
    steps: list[list[str]] = []
    arguments.main = lambda words: steps.append(words)
    arguments.run(arguments)
    assert steps[0][:4] == ["train", "digits", "--run-dir", "mine"]
    assert [words[1] for words in steps[1:]] == ["mine"] * 7
    assert "mine/report.html" in capsys.readouterr().out


@proves("serve", "--host", "--port", "--data-dir")
def test_the_service_listens_where_it_is_told(run: Run, plane: Run, monkeypatch: pytest.MonkeyPatch):
    from latente import serving

    asked: list[tuple] = []
    monkeypatch.setattr(serving, "serve", lambda runs, *where: asked.append(([each.path for each in runs], *where)))
    ran("serve", plane.path, "--host", "127.0.0.2", "--port", 4321, "--data-dir", "there")
    ran("serve", run.path, plane.path)
    assert asked == [([plane.path], "127.0.0.2", 4321, "there"), ([run.path, plane.path], "127.0.0.1", 8000, None)]


@proves("push", "--private", "--license", "--output")
def test_what_is_pushed_is_what_is_asked_for(plane: Run, here: Path, monkeypatch: pytest.MonkeyPatch):
    from huggingface_hub import HfApi

    made = []
    monkeypatch.setattr(HfApi, "create_repo", lambda self, repo_id, **about: made.append(about["private"]) or repo_id)
    monkeypatch.setattr(HfApi, "upload_folder", lambda self, **about: "address")
    ran("push", plane.path, "me/it", "--private")
    ran("push", plane.path, "me/it")
    assert made == [True, False]
    ran("push", plane.path, "me/it", "-o", "folder", "--license", "mit")
    ran("push", plane.path, "me/it", "-o", "other")
    assert made == [True, False]
    assert "license: mit" in Path("folder/README.md").read_text()
    assert "license:" not in Path("other/README.md").read_text()


@proves("recipe show", "--quick")
def test_a_recipe_shows_its_quick_form(capsys: pytest.CaptureFixture[str]):
    ran("recipe", "show", "homework")
    full = capsys.readouterr().out
    ran("recipe", "show", "homework", "--quick")
    assert "--epochs 30" in full
    assert "--epochs 3 --data.subset 15000" in capsys.readouterr().out
    assert "--data.subset" not in full


# Where the data are.


def offline(folder: Path, *_: Any) -> None:
    raise UserError(f"{folder} has no data.")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a small MNIST in the form of the published files: 60 and 80 images of two classes."""
    folder = tmp_path_factory.mktemp("files") / "mnist"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for prefix, n in {"train": 60, "t10k": 80}.items():
        images, labels = rng.integers(0, 256, (n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8) % 2
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / f"{prefix}-{kind}-ubyte").write_bytes(idx_bytes(array))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(idx, "COUNTS", {"train": 60, "t10k": 80})
        patched.setattr(idx, "download", offline)
        yield folder.parent


MNIST = ["mnist", "--data.validation", "20", *DENSE, "--epochs", "1", "--quiet"]


@pytest.fixture(scope="module")
def moved(written: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run whose data are not where they were, and where they are now."""
    folder = tmp_path_factory.mktemp("moved")
    shutil.copytree(written, folder / "first")
    ran("train", *MNIST, "--data-dir", folder / "first", "--run-dir", folder / "run")
    return folder / "run", (folder / "first").rename(folder / "there")


@proves("train", "--data-dir")
@proves("data info", "--data-dir")
@proves("data get", "--data-dir")
@proves("data list", "--data-dir")
def test_data_are_read_from_the_folder_that_is_told(written: Path, here: Path, capsys: pytest.CaptureFixture[str]):
    ran("data", "info", "mnist", "--data-dir", written, "--data.validation", 20)
    assert "40 images" in capsys.readouterr().out
    ran("data", "get", "mnist", "--data-dir", written)
    assert "already in" in capsys.readouterr().out
    for folder, state in {written: "here", here: "absent"}.items():
        ran("data", "list", "--data-dir", folder)
        line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("mnist"))
        assert line.endswith(state)
    ran("train", *MNIST, "--data-dir", written, "--run-dir", "run")
    assert Run("run").environment["images"] == {"train": 40, "validation": 20, "test": 80}


MOVED = {
    "reconstruct": ["-n", "2"],
    "interpolate": ["--from", "0", "--to", "1"],
    "map": [],
    "evaluate": [],
    "diagnose": [],
    "report": [],
    "encode": ["-o", "a.npz"],
    "fit-prior": ["--components", "1"],
}


@pytest.mark.parametrize("command", MOVED)
@proves("reconstruct", "--data-dir")
@proves("interpolate", "--data-dir")
@proves("map", "--data-dir")
@proves("evaluate", "--data-dir")
@proves("diagnose", "--data-dir")
@proves("report", "--data-dir")
@proves("encode", "--data-dir")
@proves("fit-prior", "--data-dir")
def test_the_data_of_a_run_are_found_where_they_are_now(moved: tuple[Path, Path], here: Path, command: str):
    run, there = moved
    assert main([command, str(run), *MOVED[command]]) == 2
    ran(command, run, *MOVED[command], "--data-dir", there)


@proves("train", "--data-dir", "--resume")
def test_a_run_is_gone_on_with_where_its_data_are_now(moved: tuple[Path, Path], here: Path):
    run, there = moved
    mine = Run(shutil.copytree(run, here / "mine"))
    config = mine.config
    config["training"]["epochs"] = 2
    (mine.path / "config.json").write_text(json.dumps(config))
    assert main(["train", "--resume", "mine", "--quiet"]) == 2
    ran("train", "--resume", "mine", "--quiet", "--data-dir", there)
    assert [entry["epoch"] for entry in mine.log] == [1, 2]


def test_other_data_are_read_from_the_folder_that_is_told(moved: tuple[Path, Path], written: Path, here: Path):
    run, _ = moved
    shutil.copytree(written / "mnist", here / "others" / "fashion-mnist")
    assert main(["encode", str(run), "fashion-mnist", "-o", "a.npz"]) == 2
    ran("encode", run, "fashion-mnist", "-o", "a.npz", "--data-dir", "others")
    assert len(read("a.npz")["z"]) == 60 + 80


@proves("compare", "--data-dir", "--output")
def test_a_comparison_finds_the_data_and_goes_where_it_is_told(moved: tuple[Path, Path], here: Path):
    run, there = moved
    shutil.copytree(run, "twin")
    shutil.rmtree("twin/evaluations", ignore_errors=True)
    assert main(["compare", str(run), "twin", "-o", "both"]) == 2
    ran("compare", run, "twin", "-o", "both", "--data-dir", there)
    assert {path.name for path in here.iterdir()} == {"twin", "both"}


@proves("score", "--data-dir")
@proves("export", "--data-dir")
def test_what_works_without_the_data_of_a_run_does_more_with_them(moved: tuple[Path, Path], here: Path):
    run, there = moved
    rng = np.random.default_rng(1)
    np.savez("other.npz", images=rng.integers(0, 256, (25, 28, 28, 1), np.uint8))
    for name, flags in {"without": [], "with": ["--data-dir", there]}.items():
        ran("score", run, "npz:other.npz", "-o", f"{name}.npz", *flags)
        ran("export", run, "--format", "keras", "-o", name, *flags)
    assert "typicality" not in read("without.npz")
    assert "typicality" in read("with.npz")
    whose = [json.loads(Path(name, "config.json").read_text())["compared_on"] for name in ("without", "with")]
    assert whose == ["64 samples of the model", "64 test images"]


@proves("sweep", "--data-dir")
def test_a_sweep_reads_its_data_from_the_folder_that_is_told(written: Path, here: Path, uncompared: list[Path]):
    words = ["sweep", *MNIST, "--seed", "0,1", "--sweep-dir", "grid"]
    assert main([*words, "--data-dir", "nowhere"]) == 2
    ran(*words, "--data-dir", written)
    assert Run("grid/seed=0").environment["images"]["train"] == 40


@proves("recipe run", "--folder", "--quick", "--quiet", "--data-dir")
def test_a_recipe_is_run_where_how_and_on_what_is_told(
    written: Path, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    options = {"data.validation": 20, "network": "Dense", "network.hidden": (8,), "training.pictures_every": 0}
    planned = PlannedRun("tiny", "mnist", options | {"epochs": 2}, {"epochs": 1})

    def judge(experiment: Experiment) -> None:
        """A recipe of this test.

        Of one run.
        """
        epochs = len(experiment.run(planned).log)
        experiment.conclude("It trained.", True, f"{epochs} epochs")

    monkeypatch.setitem(RECIPES, "mine", Recipe("mine", (planned,), judge))
    ran("recipe", "run", "mine", "--folder", "a", "--data-dir", written, "--quick", "--quiet")
    out, err = capsys.readouterr()
    assert "1 epochs" in out
    assert "loss" not in err
    ran("recipe", "run", "mine", "--folder", "b", "--data-dir", written)
    out, err = capsys.readouterr()
    assert "2 epochs" in out
    assert "epoch 2/2 loss" in err
    assert {path.name for path in here.iterdir()} == {"a", "b"}
    assert main(["recipe", "run", "mine", "--folder", "c", "--data-dir", "nowhere"]) == 2
