"""What the README says is true."""

import re
import shlex
from pathlib import Path

import pytest

from latente.cli import parser, train
from latente.training import resolve
from latente.training.reference import reference_markdown

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", README, re.DOTALL), ids=["library", "keras"])
def test_the_python_runs(code: str, here: Path, capsys):
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("line", [line for line in README.splitlines() if line.startswith("latente ")])
def test_the_commands_exist(line: str):
    arguments, rest = parser().parse_known_args(train.joined(shlex.split(line)[1:]))
    assert arguments.command
    if arguments.command == "train":  # which reads the options of the schema itself, as sweep does
        resolve({"data": arguments.data, **dict(train.parse_flags(rest))})
    else:
        assert not rest or arguments.command == "sweep"


def test_the_options_are_those_of_the_code():
    table = re.search(r"<!-- options: .*?-->\n(.*?)<!-- end of options -->", README, re.DOTALL)
    assert table[1].strip() == reference_markdown().strip(), "run make readme"


def test_the_pictures_are_there():
    for path in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (Path(__file__).parents[2] / path).is_file()
