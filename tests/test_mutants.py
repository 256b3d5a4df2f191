"""What the mutation testing takes for a mistake, and by which lines it is seen."""

import ast
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray", reason="make mutants installs what makes mutants")
import mutants  # noqa: E402
from mutants_copies import lines_that_show  # noqa: E402

CODE = """\
LIMIT: int | None = 3

def first(values, *, seed: int = 0, most: int = 100_000):
    if len(values) < 2:
        raise ValueError(f"{len(values) + 1} and {LIMIT - 1} are wrong")
    return (
        values[0]
    )
"""


def test_mutants_are_mistakes_and_not_noise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    (tmp_path / "code.py").write_text(CODE)
    assert {mutant.change[2] for mutant in mutants.mutants("code.py")} == {
        *("LIMIT: int | None = 4", "LIMIT: int | None = 2"),
        *("if not len(values) < 2:", "if len(values) < 3:", "if len(values) < 1:"),
        *("if len(values) <= 2:", "if len(values) > 2:"),
        *("values[1]", "values[-1]"),
    }


@pytest.mark.parametrize(
    ("line", "shown"),
    [(1, {4, 5, 6, 7, 8}), (3, {4, 5, 6, 7, 8}), (4, {4}), (7, {6, 7, 8})],
    ids=["a constant by all functions", "a signature by its function", "a condition by itself", "a part by its whole"],
)
def test_a_line_is_seen_where_it_works(line: int, shown: set[int]) -> None:
    assert lines_that_show(ast.parse(CODE), line) == shown
