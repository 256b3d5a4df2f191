"""Choices of one's own: from a module of one's own by ``module:Class``, and from an installed package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import latente
from latente import VAE
from latente.errors import UserError
from latente.training import resolve

RENYI = '''
from keras import ops

from latente.model import Objective


class Renyi(Objective):
    """The KL times a number.

    Args:
        alpha: The number.
    """

    def __init__(self, alpha: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.alpha = alpha

    def loss(self, evidence):
        return -evidence.log_likelihood + self.alpha * ops.sum(evidence.kl, axis=-1), {}
'''
TRAIN = ("train", "digits", "--objective", "my_losses:Renyi", "--epochs", "1", "--network", "Dense")


def python(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: here a class would stay for the other tests."""
    known = {**os.environ, "KERAS_BACKEND": "tensorflow", **environment}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=cwd, env=known)


def path_with(folder: Path) -> str:
    return os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program as the console script is: it does not put the working folder on the path, but its own."""
    path = tmp_path_factory.mktemp("bin") / "run_latente.py"
    path.write_text("import sys\nfrom latente.cli import main\nsys.exit(main())\n")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, script: Path) -> Path:
    """A folder with the module, and a run of it."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "my_losses.py").write_text(RENYI)
    done = python(str(script), *TRAIN, "--objective.alpha", "0.25", "--run-dir", "run", "--quiet", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_the_command_trains_with_it_and_a_run_finds_it_where_python_looks(trained: Path, script: Path, tmp_path: Path):
    run = latente.Run(trained / "run")
    assert run.config["objective"] == {"name": "my_losses:Renyi", "alpha": 0.25}
    entry = run.log[0]
    assert entry["val_loss"] == pytest.approx(entry["val_reconstruction"] + 0.25 * entry["val_kl"], rel=1e-4)
    done = python(str(script), "sample", str(trained / "run"), "-n", "4", cwd=tmp_path, PYTHONPATH=path_with(trained))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "words",
    [["sample", "run"], ["train", "--resume", "run"], ["train", "digits", "--config", "c"]],
    ids=["run", "resume", "config"],
)
def test_nothing_beside_a_run_or_a_config_is_run(trained: Path, script: Path, tmp_path: Path, words: list[str]):
    """They may be a stranger's, and so may the module that lies beside them."""
    shutil.copytree(trained / "run", tmp_path / "run")
    (tmp_path / "c").write_text("objective: my_losses:Renyi")
    (tmp_path / "my_losses.py").write_text("print('IT WAS RUN')")
    done = python(str(script), *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "IT WAS RUN" not in done.stdout
    assert "Objective my_losses:Renyi needs the module my_losses, and there is none of that name." in done.stderr
    assert "PYTHONPATH=FOLDER" in done.stderr


PYTHON = """
import latente
from latente.training import resolve
from latente.training.sweep import grid_points

assert type(latente.VAE((4, 4, 1), 2, objective="my_losses:Renyi").objective).__name__ == "Renyi"
import my_losses
for spec in ("Renyi", "my_losses:Renyi", my_losses.Renyi(alpha=2), {"name": "my_losses:Renyi", "alpha": 2}):
    config = resolve({"data": "digits", "objective": spec})
    assert config["objective"]["name"] == "my_losses:Renyi", config
    assert resolve(config) == config
points = grid_points({"data": "digits", "objective": ["ELBO", "my_losses:Renyi"], "seed": [0, 1]})
print(*(point.name for point in points))
try:
    resolve({"data": "digits", "objective": "my_losses:Renyi", "objective.aplha": 1})
except latente.UserError as error:
    print(error)
try:
    class ELBO(latente.model.Objective): pass
except latente.UserError as error:
    print(error)
"""


def test_python_takes_it_by_name_as_an_instance_and_in_a_config(trained: Path):
    done = python("-c", PYTHON, cwd=trained)
    assert done.returncode == 0, done.stderr
    names, mistake, taken = done.stdout.splitlines()
    assert names == (
        "objective=ELBO,seed=0 objective=ELBO,seed=1 objective=my-losses-Renyi,seed=0 objective=my-losses-Renyi,seed=1"
    )
    assert mistake == "--objective.aplha is not an option. Did you mean '--objective.alpha'?"
    assert taken == "Your own class needs another name than Latente's. Received ELBO: rename it."


STOPPED = """
import latente
record = latente.Run.record
def stop(run, entry):
    if entry["epoch"] == 2:
        raise KeyboardInterrupt
    return record(run, entry)
latente.Run.record = stop
latente.train("digits", "stopped", progress=False, epochs=2, network="Dense", objective="my_losses:Renyi")
"""


def test_an_interrupted_run_is_resumed(trained: Path, script: Path):
    """Keras reads its checkpoint, which needs the class."""
    assert "KeyboardInterrupt" in python("-c", STOPPED, cwd=trained).stderr
    done = python(str(script), "train", "--resume", "stopped", "--quiet", cwd=trained, PYTHONPATH=path_with(trained))
    assert done.returncode == 0, done.stderr
    assert [entry["epoch"] for entry in latente.Run(trained / "stopped").log] == [1, 2]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent_module:Renyi", "needs the module absent_module, and there is none of that name"),
        (":Renyi", "is named by a class, or as my_losses:Renyi. Received ':Renyi'"),
        ("../evil:Renyi", "is named by a class, or as my_losses:Renyi"),
        ("os:system", "Received os:system, which is something else"),
        ("json:Renyi", "a class that is made from latente.model.Objective. Received json:Renyi, which is not in its"),
        ("json:dumps", "Received json:dumps, which is something else"),
        ("latente.model:Prior", "Received latente.model:Prior, which is something else"),
        ("latente.model:Objective", "Received latente.model:Objective, which is abstract"),
        ("Renyi", "bjective must be one of .* Received 'Renyi'. One of your own is named module:Class."),
    ],
)
def test_what_is_no_choice_is_refused(name: str, message: str):
    for refuse in (
        lambda: VAE((4, 4, 1), 2, objective=name),
        lambda: resolve({"data": "digits", "objective": name}),
    ):
        with pytest.raises(UserError, match=message):
            refuse()


def test_one_without_what_its_axis_needs_is_refused_before_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "lossless.py").write_text("from latente.model import Objective\nclass Lossless(Objective):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="Received lossless:Lossless, which is abstract: it lacks loss"):
        resolve({"data": "digits", "objective": "lossless:Lossless"})


def test_one_of_latentes_own_keeps_its_short_name():
    config = resolve({"data": "digits", "objective": "latente.model.objectives:IWAE", "objective.samples": 3})
    assert (config["objective"]["name"], config["objective"]["samples"]) == ("IWAE", 3)


def test_an_installed_package_adds_choices(tmp_path: Path):
    (tmp_path / "my_losses.py").write_text(RENYI)
    installed = tmp_path / "my_losses-0.1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: my-losses\nVersion: 0.1\n")
    (installed / "entry_points.txt").write_text("[latente.model]\nlosses = my_losses\n")
    path = path_with(tmp_path)
    shown = python("-m", "latente", "list", "objective", cwd=tmp_path, PYTHONPATH=path)
    assert "--objective Renyi\n  The KL times a number.\n  --objective.alpha 1\n" in shown.stdout
    (tmp_path / "my_losses.py").write_text("1 / 0")
    broken = python("-m", "latente", "list", "objective", cwd=tmp_path, PYTHONPATH=path)
    assert broken.returncode == 0
    assert "--objective ELBO" in broken.stdout
    assert "my_losses, of an installed package, is left out. It cannot be imported: division by zero" in broken.stderr


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import not_there_lib",
            "which failed while it was imported: ModuleNotFoundError: No module named 'not_there_",
        ),
        ("raise ValueError('mine')", "which failed while it was imported: ValueError: mine. Mend it first."),
        ("x = (", "which failed while it was imported: SyntaxError"),
        ("import sys; sys.exit(3)", "which failed while it was imported: SystemExit: 3"),
        (
            RENYI.replace("alpha: float = 1.0", "alpha"),
            "needs a default for each argument of its constructor. Received al",
        ),
        (RENYI.replace("Renyi", "ELBO"), "Your own class needs another name than Latente's. Received ELBO: rename it."),
    ],
    ids=["library", "error", "syntax", "exit", "argument", "name"],
)
def test_a_mistake_in_the_module_is_told_as_it_is(script: Path, tmp_path: Path, source: str, message: str):
    (tmp_path / "my_losses.py").write_text(source)
    done = python(str(script), *TRAIN, "--print-config", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


TWO = """
import keras
import latente
import first, second
for module in (first, second):
    vae = latente.VAE((4, 4, 1), 2, "Dense", objective=module.Renyi())
    vae.save(f"{module.__name__}.keras")
for module in (first, second):
    assert type(keras.saving.load_model(f"{module.__name__}.keras").objective) is module.Renyi
"""


def test_two_classes_of_one_name_stay_apart_in_files(tmp_path: Path):
    for name in ("first", "second"):
        (tmp_path / f"{name}.py").write_text(RENYI)
    done = python("-c", TWO, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_class_is_not_an_instance():
    from latente.model.objectives import ELBO

    with pytest.raises(UserError, match=r"Objective takes a name or an instance. Received a class: write ELBO\(\)."):
        VAE((4, 4, 1), 2, objective=ELBO)
