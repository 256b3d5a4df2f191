"""The architecture's rules, read off the source: imports point down, files are short, nothing is pickled."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from PIL import Image

import plan
from imports import BASE, FILES, SRC, files, imports, room_imported, room_of, rooms, tree_of

ROOT = SRC.parent
PAGE = ROOT / "docs" / "house.md"

# Room: the rooms that it may import, besides itself. Any room may import the top-level files, such as errors.py; those
# import no room. The package's own __init__ is the room "latente".
ALLOWED = {
    "data": set(),
    "model": set(),
    "figures": set(),
    "training": {"data", "model", "figures"},
    "evaluation": {"training", "data", "model", "figures"},
    "report": {"data", "model", "training", "evaluation", "figures"},
    "recipes": {"data", "model", "training", "evaluation", "figures", "report"},
    "lesson": {"data", "model", "evaluation"},
    "export": {"data", "model", "training", "figures", "report"},
    "serving": {"data", "model", "training", "evaluation"},
    "latente": {
        "data",
        "model",
        "training",
        "evaluation",
        "figures",
        "report",
        "recipes",
        "lesson",
        "export",
        "serving",
    },
    "cli": {"latente", "data", "model", "training", "evaluation", "figures", "report", "recipes", "export", "serving"},
}
FIGURES_MAY_USE = {"numpy", "matplotlib", "PIL"}
RUN_FILES = re.compile(
    r"(\S*/)?(config\.json|environment\.json|log\.jsonl|metrics\.json|tracking\.json|report\.html|fitted-prior\.npz|data\.npz|checkpoints)(/\S*)?"
)
LIGHT = {"latente/__init__.py", "latente/cli/__init__.py", "latente/cli/data.py"}
HEAVY = {"keras", "tensorflow", "jax", "torch", "sklearn", "matplotlib"}
PICKLERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
IMPORT_NAMES = {
    "docstring-parser": "docstring_parser",
    "mlflow-skinny": "mlflow",
    "pillow": "PIL",
    "pyyaml": "yaml",
    "prometheus-client": "prometheus_client",
    "scikit-learn": "sklearn",
    "tensorflow-cpu": "tensorflow",
}
MAX_FILE, MAX_FUNCTION, MAX_ARGUMENTS = 300, 40, 8
LONGER = {"latente/model/axes.py": 370, "latente/model/vae.py": 420}
"""What is read as a whole: the contract of the five axes, which name each other, and the one Keras model."""


def name_of(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


def each_file(paths: list[Path] = FILES) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=name_of)


def at_module_level(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that runs when the module is imported: not function bodies, not ``if TYPE_CHECKING``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from at_module_level(child)


@each_file()
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    assert room in ALLOWED or room in BASE, f"{room} is a new room: say in ALLOWED what it may import"
    allowed = ALLOWED.get(room, set()) | BASE | {room, None}
    wrong = [f"line {line}: {dotted}" for line, dotted in imports(path) if room_imported(dotted) not in allowed]
    assert not wrong, f"{room} may import {sorted(allowed - {None, room})}"


def test_the_allowed_imports_have_no_cycle() -> None:
    TopologicalSorter(ALLOWED).prepare()  # which raises, and names the circle


def test_no_files_import_each_other_in_a_circle() -> None:
    TopologicalSorter(files()).prepare()


def test_every_import_is_an_edge_between_files(tmp_path: Path) -> None:
    """On a package of its own, since the source has nothing left to find."""
    sources = {
        "latente/__init__.py": "__version__ = '1'\n\ndef load():\n    from latente.model import VAE\n",
        "latente/seeds.py": "",
        "latente/model/__init__.py": "from latente.model.vae import VAE\n",
        "latente/model/vae.py": "import numpy\nfrom latente import __version__, seeds\nfrom . import prior\n",
        "latente/model/prior.py": "if TYPE_CHECKING:\n    import latente.model.vae as vae\n",
        "latente/cli.py": "import importlib\nmodel = importlib.import_module('latente.model')\n",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert files(tmp_path) == {
        "latente/__init__.py": {"latente/model/__init__.py"},
        "latente/seeds.py": set(),
        "latente/model/__init__.py": {"latente/model/vae.py"},
        "latente/model/vae.py": {"latente/seeds.py", "latente/model/prior.py"},
        "latente/model/prior.py": {"latente/model/vae.py"},
        "latente/cli.py": {"latente/model/__init__.py"},
    }


def test_the_plan_is_that_of_today() -> None:
    with Image.open(plan.PICTURE) as picture:
        assert picture.text["Description"] == plan.text_of(rooms()), "run make plan"


def test_the_page_on_the_house_names_every_room_with_its_imports_and_every_file_beside_them() -> None:
    _, _, upper = PAGE.read_text(encoding="utf-8").partition("\n| room |")
    table, _, lower = upper.partition("\n| file |")
    written = re.findall(r"^\| `(\w+)` \|.*\|([^|]*)\|$", table, re.MULTILINE)
    assert {room: set(re.findall(r"`(\w+)`", imported)) for room, imported in written} == rooms()
    assert set(re.findall(r"^\| `(\w+)` \|", lower, re.MULTILINE)) == BASE


def test_the_files_that_the_page_on_the_house_names_are_there() -> None:
    """Of a new part, its folder."""
    named = set(re.findall(r"`([\w/]+/[\w./]+)`", PAGE.read_text(encoding="utf-8")))
    there = {name.rpartition("/")[0] if "NAME" in name else name for name in named}
    assert there
    assert {name for name in there if not any((folder / name).exists() for folder in (ROOT, SRC / "latente"))} == set()


@each_file([path for path in FILES if room_of(path) == "figures"])
def test_figures_know_arrays_and_matplotlib_only(path: Path) -> None:
    roots = {dotted.partition(".")[0] for _, dotted in imports(path)}
    assert roots <= sys.stdlib_module_names | FIGURES_MAY_USE | {"latente"}


@each_file()
def test_what_is_imported_is_declared(path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    extras = [each for name in optional.keys() - {"dev", "docs", "mutants"} for each in optional[name]]
    names = {re.match(r"[\w-]+", requirement)[0].lower() for requirement in project["dependencies"] + extras}
    declared = {IMPORT_NAMES.get(name, name) for name in names} | {"latente"}
    roots = {dotted.partition(".")[0] for _, dotted in imports(path)}
    assert roots <= sys.stdlib_module_names | declared


@each_file([path for path in FILES if room_of(path) == "data" or name_of(path) in LIGHT])
def test_a_light_file_imports_no_keras_at_module_level(path: Path) -> None:
    found = imports(path, at_module_level(tree_of(path)))
    assert not [dotted for _, dotted in found if dotted.partition(".")[0] in HEAVY]


@pytest.mark.parametrize("command", ["--help", "data list", "train --help", "sweep --help"])
def test_a_light_command_imports_nothing_heavy(command: str) -> None:
    program = (
        "import sys, latente.cli\n"
        "try:\n    code = latente.cli.main()\n"
        "except SystemExit as stop:\n    code = stop.code\n"
        "print('loaded:', *{name.partition('.')[0] for name in sys.modules}, flush=True)\n"
        "sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", program, *command.split()], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    shown, loaded = done.stdout.rsplit("loaded:", 1)
    assert shown.strip()
    assert not HEAVY & set(loaded.split())


@each_file([path for path in FILES if room_of(path) != "training"])
def test_only_training_knows_the_files_of_a_run(path: Path) -> None:
    found = [
        f"line {node.lineno}: {node.value!r}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and RUN_FILES.fullmatch(node.value)
    ]
    assert not found, "ask latente.training.run for it"


@each_file()
def test_a_file_is_one_idea(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGER.get(name_of(path), MAX_FILE)


@each_file()
def test_a_function_fits_one_look(path: Path) -> None:
    functions = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert {f.name: n for f in functions if (n := length(f)) > MAX_FUNCTION} == {}


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """The lines of a function, its decorators and docstring not counted."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        lines -= function.body[0].end_lineno - function.body[0].lineno + 1
    return lines


@each_file()
def test_a_constructor_takes_few_arguments(path: Path) -> None:
    classes = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.ClassDef)]
    assert {c.name: n for c in classes if (n := len(arguments_of(c))) > MAX_ARGUMENTS} == {}


def arguments_of(class_: ast.ClassDef) -> list[str]:
    """What a class's constructor takes by position, ``self`` left out; for a dataclass, its fields.

    Keyword-only arguments are options: whoever calls names them, so their number confuses nobody.
    """
    for node in class_.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            arguments = node.args
            return [a.arg for a in arguments.posonlyargs + arguments.args][1:]
    decorators = " ".join(map(ast.unparse, class_.decorator_list))
    if "dataclass" in decorators and "kw_only=True" not in decorators:
        fields = [node for node in class_.body if isinstance(node, ast.AnnAssign)]
        return [ast.unparse(f.target) for f in fields if "ClassVar" not in ast.unparse(f.annotation)]
    return []


@each_file()
def test_nothing_is_pickled(path: Path) -> None:
    tree = tree_of(path)
    assert not {dotted.partition(".")[0] for _, dotted in imports(path)} & PICKLERS
    keywords = [node for node in ast.walk(tree) if isinstance(node, ast.keyword)]
    unsafe = {"allow_pickle": True, "safe_mode": False, "weights_only": False}
    for keyword in keywords:
        if keyword.arg in unsafe and isinstance(keyword.value, ast.Constant):
            assert keyword.value.value is not unsafe[keyword.arg], f"line {keyword.value.lineno}: {keyword.arg}"
    assert "enable_unsafe_deserialization" not in {
        node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }
