"""What a recipe works with: runs that are trained or found, verdicts, pictures and a page."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from latente.data import Dataset
from latente.figures import save_figure
from latente.files import file_name, written_whole
from latente.language import tr
from latente.report.html import ensure_evaluated
from latente.report.page import embed
from latente.training.config import resolve
from latente.training.run import Run
from latente.training.sweep import ensure_trained

WIDTH, INDENT = 79, 5

Options = Mapping[str, Any]


@dataclass(frozen=True)
class PlannedRun:
    """One run that a recipe needs. Recipes that need the same one share it.

    Attributes:
        name: Its folder, unique among all recipes.
        data: The data set.
        options: Options of ``latente train``.
        quick: What differs in the quick version, which takes about a minute in all.
    """

    name: str
    data: str
    options: Options = field(default_factory=dict)
    quick: Options = field(default_factory=dict)

    def asked(self, quick: bool) -> dict[str, Any]:
        """The options of the full or the quick version."""
        return {**self.options, **(self.quick if quick else {})}

    def command(self, quick: bool = False) -> str:
        """The same as a command line."""
        flags = [f"--{name.replace('_', '-')} {_word(value)}" for name, value in self.asked(quick).items()]
        return " ".join([f"latente train {self.data}", *flags])


def _word(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


@dataclass(frozen=True)
class Verdict:
    """What a recipe concluded.

    Attributes:
        claim: A sentence, in the reader's language.
        holds: Whether it is so.
        evidence: The figures that say so, in words.
    """

    claim: str
    holds: bool
    evidence: str

    def __str__(self) -> str:
        answer = tr("yes") if self.holds else tr("NO")
        lines = [*textwrap.wrap(self.claim, WIDTH - INDENT), *textwrap.wrap(self.evidence, WIDTH - INDENT)]
        return f"{answer:<{INDENT}}" + f"\n{' ' * INDENT}".join(lines)


class Experiment:
    """A recipe at work.

    Args:
        name: The recipe's name.
        folder: Where all recipes keep their runs (``runs``), each its pictures and its page below its own name.
        data_dir: Where the data files are.
        quick: The version of about a minute.
        progress: Whether to tell on standard error how it goes.
    """

    def __init__(self, name: str, folder: Path, data_dir: str | None, quick: bool, progress: bool) -> None:
        self.name, self.data_dir, self.quick, self.progress = name, data_dir, quick, progress
        self.runs_folder = folder / "runs"
        self.folder = folder / (f"{name}-quick" if quick else name)
        self.verdicts: list[Verdict] = []
        self.pictures: dict[str, Path] = {}
        self.embedded: dict[str, str] = {}
        self._loaded: dict[str, Dataset] = {}

    def run(self, planned: PlannedRun) -> Run:
        """The trained run: found, gone on with, or trained now."""
        place = {"data.data_dir": self.data_dir} if self.data_dir else {}
        config = resolve({"data": planned.data, **place, **planned.asked(self.quick)})
        path = self.runs_folder / (f"{planned.name}-quick" if self.quick else planned.name)
        if self.progress:
            print(f"{self.name}: {path}", file=sys.stderr, flush=True)
        return ensure_trained(config, path, self.progress, self._loaded)

    def metrics(self, run: Run) -> Mapping[str, Mapping[str, Any]]:
        """The figures of a run, measured now unless they were."""
        ensure_evaluated(run, self.data_dir, self.progress)
        return run.metrics

    def show(self, title: str, figure: Figure) -> None:
        """Keep a picture; its file is named after the English title, whatever the reader's language."""
        self.folder.joinpath("figures").mkdir(parents=True, exist_ok=True)
        self.pictures[title] = save_figure(figure, self.folder / "figures" / f"{file_name(title).lower()}.png")
        self.embedded[title] = embed(figure)

    def conclude(self, claim: str, holds: bool, evidence: str) -> None:
        """Add a verdict."""
        self.verdicts.append(Verdict(claim, bool(holds), evidence))

    @property
    def page(self) -> Path:
        """The page with verdicts and pictures."""
        return self.folder / "recipe.html"

    def write(self, html: str) -> None:
        """Write the page."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with written_whole(self.page) as temporary:
            temporary.write_text(html, encoding="utf-8")
