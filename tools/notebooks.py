"""Builds the lesson's notebooks, one for each language, from one source, and runs them.

    python tools/notebooks.py                 write both, keeping the outputs of cells that have not changed
    python tools/notebooks.py --run [es|en]   run both, or one, as a student does with QUICK = False: up to 45 minutes
                                              each; keep what they show

The source is `notebooks/source/*.md`, in the order of the names. A cell begins with `=== markdown NAME` or
`=== code NAME [TAG ...]`; a text holds `--- en` and `--- es`, a code cell serves both languages. NAME becomes the id of
the cell. `{{language}}` stands for the language of the notebook.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = {"es": FOLDER / "clase_157_vae.ipynb", "en": FOLDER / "class_157_vae.ipynb"}
SECONDS_PER_CELL = 1800
QUICK, FULL = "QUICK = True", "QUICK = False"  # in the cell of the set-up
CELL = re.compile(r"^=== (markdown|code) (\S+)(.*)$", re.MULTILINE)
LANGUAGE = re.compile(r"^--- (\w+)$", re.MULTILINE)


def build(language: str) -> NotebookNode:
    """The notebook of a language, without outputs."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("source/*.md")))
    _, *parts = CELL.split(source)
    cells = [_cell(*part, language) for part in zip(*[iter(parts)] * 4, strict=True)]
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells, metadata=metadata)


def _cell(kind: str, name: str, tags: str, text: str, language: str) -> NotebookNode:
    metadata: dict[str, object] = {"tags": tags.split()} if tags.split() else {}
    if "solution" in tags:  # Jupyter folds the source, and Colab shows the title alone
        metadata |= {"jupyter": {"source_hidden": True}, "cellView": "form"}
    if kind == "markdown":
        _, *pairs = LANGUAGE.split(text)
        return new_markdown_cell(dict(zip(*[iter(pairs)] * 2, strict=True))[language].strip(), id=name)
    return new_code_cell(text.strip().replace("{{language}}", language), id=name, metadata=metadata)


def with_outputs(notebook: NotebookNode, earlier: NotebookNode) -> NotebookNode:
    """The notebook with the outputs of those earlier cells that have the same code."""
    known = {cell.id: cell for cell in earlier.cells if cell.cell_type == "code"}
    for cell in notebook.cells:
        if cell.id in known and known[cell.id].source == cell.source:
            cell.outputs, cell.execution_count = known[cell.id].outputs, known[cell.id].execution_count
    return notebook


def executed(notebook: NotebookNode, folder: str | Path, full: bool = False) -> NotebookNode:
    """The notebook run from its first cell to its last, in a folder of its own; the code stays in quick mode.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    resources = {"metadata": {"path": str(folder)}}
    setup = next(cell for cell in notebook.cells if cell.id == "setup")
    if full:
        setup.source = setup.source.replace(QUICK, FULL)
    NotebookClient(notebook, timeout=SECONDS_PER_CELL, kernel_name="python3", resources=resources).execute()
    setup.source = setup.source.replace(FULL, QUICK)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)  # the times, which differ at each run
    return notebook


def main() -> None:
    """Write both notebooks."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    chosen = [language for language in NOTEBOOKS if language in sys.argv] or list(NOTEBOOKS)
    for language in chosen:
        path, notebook, begin = NOTEBOOKS[language], build(language), time.monotonic()
        if "--run" in sys.argv:
            with tempfile.TemporaryDirectory() as folder:
                executed(notebook, folder, full=True)
        elif path.exists():
            with_outputs(notebook, nbformat.read(path, as_version=4))
        nbformat.write(notebook, path)
        seconds = time.monotonic() - begin
        print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB, written in {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
