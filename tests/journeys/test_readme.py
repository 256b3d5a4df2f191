"""What the README and the documentation say is true: commands parse, Python runs, pictures have a maker."""

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import plan
from latente.cli import WITH_OPTIONS, parser, train
from latente.data import options
from latente.language import TEXTS
from latente.recipes import recipe_named
from latente.training import Run, flatten, read_file, resolve
from latente.training.sweep import read_values
from reference import reference_markdown, reference_text

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = PAGES[0].read_text(encoding="utf-8")
FENCE = re.compile(
    r"(?:<!-- (?P<mark>\w+)(?:: (?P<what>[^>]*))? -->\n)?^(?P<indent> *)```(?P<kind>\w+)\n(?P<code>.*?)^ *```",
    re.M | re.S,
)
MARKS = {
    "slow",  # takes long or needs real data: only compiled by default, `make test-all` runs it in a process of its own
    "tested",  # by the test file that it names
}
GENERATED = {"benchmarks.md", "changelog.md", "reference/options.md", "reference/commands.md"}  # by tools/docs.py
OTHER_PROGRAMS = {"curl", "hf", "tensorboard"}


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    page: Path
    kind: str
    code: str
    mark: str
    what: str

    @property
    def lines(self) -> list[str]:
        """Its lines, those that end in a backslash joined, without comments."""
        joined = self.code.replace("\\\n", " ").splitlines()
        return [line for line in (re.sub(r"\s+#.*", "", each).strip() for each in joined) if line]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[Block]:
    return [
        Block(page, found["kind"], textwrap.dedent(found["code"]), found["mark"] or "", found["what"] or "")
        for found in FENCE.finditer(page.read_text(encoding="utf-8"))
    ]


def commands() -> list[Any]:
    """Each line of each shell block once."""
    lines = {
        line: name_of(page) for page in PAGES for block in blocks(page) if block.kind == "sh" for line in block.lines
    }
    return [pytest.param(line, id=f"{page}: {line}") for line, page in lines.items()]


@pytest.fixture
def garments(here: Path, run: Run) -> Path:
    """A working directory in which ``runs/garments`` is a trained run."""
    shutil.copytree(run.path, here / "runs" / "garments")
    return here


PYTHON = [page for page in PAGES if any(block.kind == "python" for block in blocks(page))]
SLOW = [page for page in PYTHON if any(block.mark == "slow" for block in blocks(page))]
ENGLISH = [page for page in PYTHON if page.parent.name != "es"]


def python_of(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.kind == "python"]


@pytest.mark.parametrize("page", ENGLISH, ids=name_of)
def test_the_python_runs(page: Path, garments: Path, capsys):
    """The blocks of a page in their order, each knowing the names of those before, as a reader has them."""
    namespace: dict[str, Any] = {}
    for block in python_of(page):
        program = compile(block.code, name_of(page), "exec")
        if block.mark == "tested":
            assert page.name in (ROOT / block.what).read_text(encoding="utf-8")
        elif block.mark != "slow":
            exec(program, namespace)


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW, ids=name_of)
def test_the_slow_python_runs(page: Path, garments: Path, real_data: Path):
    for block in python_of(page):
        if block.mark == "slow":
            environment = os.environ | {"LATENTE_DATA_DIR": str(real_data)}
            subprocess.run([sys.executable, "-c", block.code], check=True, env=environment)


@pytest.mark.parametrize("page", [page for page in PYTHON if page not in ENGLISH], ids=name_of)
def test_the_python_of_a_translation_is_that_of_the_original(page: Path):
    original = python_of(page.parents[1] / page.name)
    assert [ast.dump(ast.parse(block.code)) for block in python_of(page)] == [
        ast.dump(ast.parse(block.code)) for block in original
    ]


@pytest.mark.parametrize("line", commands())
def test_the_commands_exist(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line.split(" | ")[0])
    while "=" in words[0]:  # the environment
        words.pop(0)
    if words[0] == "latente":
        check_latente(words[1:])
    elif words[0] == "make":
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    elif words[:2] == ["pip", "install"]:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = re.search(r"\[(.*)\]", words[2])[1].split(",")
        assert set(extras) <= set(project["optional-dependencies"])
    elif words[0] == "python":
        assert (ROOT / words[1]).is_file()
    else:
        assert words[0] in OTHER_PROGRAMS


def check_latente(words: list[str]) -> None:
    arguments, rest = parser().parse_known_args(train.with_values(words) if words[0] in WITH_OPTIONS else words)
    if arguments.command in {"train", "sweep"}:  # which read the options of the schema themselves
        assert arguments.data or arguments.resume
        asked = {**(read_file(arguments.config) if arguments.config else {}), "data.name": arguments.data}
        asked = {key: tuple(value) if isinstance(value, list) else value for key, value in asked.items()}
        flags = train.parse_flags(rest)
        if arguments.command == "sweep":
            values = read_values(flags, asked)
            assert any(len(those) > 1 for those in values.values())
            resolve({**asked, **{name: those[-1] for name, those in values.items()}})  # each builds a model
        elif arguments.data:
            resolve({**asked, **dict(flatten(dict(flags)))})
    elif arguments.command == "data":
        assert {name for name, _ in train.parse_flags(rest)} <= {f"data.{name}" for name in options(arguments.name)}
    else:
        assert not rest
    if arguments.command == "recipe" and arguments.action != "list":
        recipe_named(arguments.name)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_is_in_a_shell_block(page: Path):
    """So that the test above finds it; a form with gaps, such as RUN or a choice, is in a block of text."""
    text = page.read_text(encoding="utf-8")
    assert {block.mark for block in blocks(page)} <= {"", *MARKS}
    assert not [line for line in FENCE.sub("", text).splitlines() if re.match(r" {4,}latente ", line)]
    assert {block.kind for block in blocks(page)} <= {"sh", "python", "text"}


def test_the_options_are_those_of_the_code():
    table = re.search(r"<!-- options: .*?-->\n(.*?)<!-- end of options -->", README, re.DOTALL)
    assert table[1].strip() == reference_markdown().strip(), "run make readme"
    assert (TEXTS / "options.txt").read_text(encoding="utf-8") == reference_text(), "run make readme"


def pictures(page: Path) -> set[Path]:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text) + re.findall(r'<img src="([^"]+)"', text)
    return {(page.parent / each).resolve() for each in named}


def made() -> set[Path]:
    """What the programs in tools say that they make, without running them."""
    drawn = {plan.PICTURE}
    for node in ast.walk(ast.parse((ROOT / "tools" / "figures.py").read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="picture" | "sampled"), args=[ast.Constant(value=str(name)), *_]):
                drawn.add(ROOT / "docs" / "pictures" / name)
    for node in ast.walk(ast.parse((ROOT / "tools" / "explorer_screenshots.py").read_text(encoding="utf-8"))):
        match node:
            case ast.Assign(targets=[ast.Name(id="VIEWS")], value=ast.Dict(keys=keys)):
                drawn |= {ROOT / "docs" / "explorer" / f"{ast.literal_eval(key)}.png" for key in keys}
    return drawn


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_pictures_are_there(page: Path):
    assert all(path.is_file() for path in pictures(page))


def test_the_pictures_are_made_by_a_program():
    named = set().union(*map(pictures, PAGES))
    there = {path for folder in ("pictures", "explorer") for path in (ROOT / "docs" / folder).glob("*.png")}
    assert named <= made()
    assert there <= named, "a picture that no page shows"
    assert made() <= there, "a picture that was not drawn: python tools/figures.py --only NAME"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_links_lead_somewhere(page: Path):
    """To files; the anchors are checked by ``make docs``, which also makes the pages that are read from the code."""
    for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not re.match(r"https?:", target):
            path = (page.parent / target.strip()).resolve()
            assert path.is_file() or path.relative_to(ROOT / "docs").as_posix() in GENERATED, target


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    named = set(re.findall(r"(?<=: )[\w/-]+\.md$", text.partition("\nnav:\n")[2], re.M))
    assert named == {page.relative_to(ROOT / "docs").as_posix() for page in PAGES[1:]} | GENERATED
