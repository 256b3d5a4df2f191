"""The lesson's notebooks are what their source builds, cover the lesson and run from top to bottom."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

import notebooks as tool

ROOT = Path(__file__).parents[1]
MOST_BYTES = 1_500_000
each_language = pytest.mark.parametrize("language", tool.NOTEBOOKS)


def committed(language: str) -> NotebookNode:
    return nbformat.read(tool.NOTEBOOKS[language], as_version=4)


@each_language
def test_the_notebook_is_what_the_source_builds(language: str) -> None:
    built, found = tool.build(language), committed(language)
    nbformat.validate(found)
    for cell in found.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    assert found.cells == built.cells, "run python tools/notebooks.py"


def test_both_languages_have_the_same_code() -> None:
    english, spanish = (
        [(cell.id, cell.source) for cell in tool.build(language).cells if cell.cell_type == "code"]
        for language in ("en", "es")
    )
    differing = {name for (name, code), (_, other) in zip(english, spanish, strict=True) if code != other}
    assert differing == {"setup"}  # which says the language


@each_language
def test_every_cell_that_the_coverage_names_exists(language: str) -> None:
    named = set(re.findall(r"`([a-z0-9-]+)`", (ROOT / "notebooks" / "COVERAGE.md").read_text(encoding="utf-8")))
    cells = {cell.id for cell in committed(language).cells}
    assert named <= cells
    assert {cell for cell in cells if re.match("exercise|homework|error|question", cell)} - named <= {
        "exercise-1-training-text",
        "exercise-1-doctor-text",
    }


@each_language
def test_the_outputs_are_kept_and_small(language: str) -> None:
    assert tool.NOTEBOOKS[language].stat().st_size < MOST_BYTES
    notebook = committed(language)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in cells), "run python tools/notebooks.py --run"
    assert_right(notebook, rehearsed=False)


def assert_right(notebook: NotebookNode, rehearsed: bool) -> None:
    """No cell failed, and the check at the end of each solution is content, but that of a rehearsed homework."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        text = "".join(output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.outputs)
        assert not [output for output in cell.outputs if output.output_type == "error"], cell.id
        if "solution" in cell.metadata.get("tags", []) and not (rehearsed and cell.id == "homework-solution"):
            assert "✓" in text and "✗" not in text, f"{cell.id}: {text}"


@pytest.mark.slow
@each_language
def test_the_notebook_runs(language: str, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_DATA_DIR", str(real_data))
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"), prepend=os.pathsep)
    monkeypatch.delenv("MPLBACKEND")  # the notebook shows its pictures inline
    assert_right(tool.executed(tool.build(language), tmp_path), rehearsed=True)
