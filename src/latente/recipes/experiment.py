"""Running a recipe: its runs are trained or found, its verdicts collected, its page written."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from latente.data import Dataset
from latente.figures import save_figure
from latente.files import written_whole
from latente.language import tr
from latente.recipes.recipe import Recipe, Training
from latente.report.html import ensure_evaluated
from latente.report.page import embed, render
from latente.training.config import resolve
from latente.training.run import Run
from latente.training.sweep import LoadedRun, trained

WIDTH, INDENT = 79, 5


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
        recipe: The recipe.
        folder: Where all recipes keep their runs (``runs``), each its pictures and its page below its own name.
        data_dir: Where the data files are.
        quick: The version of about a minute.
        progress: Whether to tell on standard error how it goes.
    """

    def __init__(self, recipe: Recipe, folder: Path, data_dir: str | None, quick: bool, progress: bool) -> None:
        self.recipe, self.data_dir, self.quick, self.progress = recipe, data_dir, quick, progress
        self.runs_folder = folder / "runs"
        self.folder = folder / (f"{recipe.name}-quick" if quick else recipe.name)
        self.verdicts: list[Verdict] = []
        self.pictures: dict[str, Path] = {}
        self._embedded: dict[str, str] = {}
        self._loaded: dict[str, Dataset] = {}

    def run(self, training: Training) -> Run:
        """The trained run: found, gone on with, or trained now."""
        place = {"data.data_dir": self.data_dir} if self.data_dir else {}
        config = resolve({"data": training.data, **place, **training.asked(self.quick)})
        path = self.runs_folder / (f"{training.name}-quick" if self.quick else training.name)
        if self.progress:
            print(f"{self.recipe.name}: {path}", file=sys.stderr, flush=True)
        return LoadedRun(trained(config, path, self.progress, self._loaded).path, self._loaded)

    def metrics(self, run: Run) -> Mapping[str, Mapping[str, Any]]:
        """The figures of a run, measured now unless they were."""
        ensure_evaluated(run, self.data_dir, self.progress)
        return run.metrics

    def show(self, title: str, figure: Figure) -> None:
        """Keep a picture; its file is named after the English title, whatever the reader's language."""
        self.folder.joinpath("figures").mkdir(parents=True, exist_ok=True)
        name = "-".join("".join(c if c.isalnum() else " " for c in title.lower()).split())
        self.pictures[title] = save_figure(figure, self.folder / "figures" / f"{name}.png")
        self._embedded[title] = embed(figure)

    def conclude(self, claim: str, holds: bool, evidence: str) -> None:
        """Add a verdict."""
        self.verdicts.append(Verdict(claim, bool(holds), evidence))

    @property
    def page(self) -> Path:
        """The page with verdicts and pictures."""
        return self.folder / "recipe.html"

    def write(self) -> None:
        """Write the page."""
        self.folder.mkdir(parents=True, exist_ok=True)
        html = render(
            "recipe.html.jinja",
            recipe=self.recipe,
            quick=self.quick,
            verdicts=self.verdicts,
            sections=self._embedded,
        )
        with written_whole(self.page) as temporary:
            temporary.write_text(html, encoding="utf-8")


def run_recipe(
    recipe: Recipe,
    folder: str | Path = "recipes",
    data_dir: str | None = None,
    quick: bool = False,
    progress: bool = True,
) -> Experiment:
    """Train what a recipe needs unless it is there, judge it and write its page.

    Args:
        recipe: From ``latente.recipes.find``.
        folder: Where the runs of all recipes and their pages go.
        data_dir: Where the data files are.
        quick: The version of about a minute: fewer images and epochs, and verdicts that may differ.
        progress: Whether to tell on standard error how it goes.

    Returns:
        The experiment with its ``verdicts`` and ``pictures``.

    Raises:
        UserError: The data are not there, or a folder holds other runs.
    """
    experiment = Experiment(recipe, Path(folder), data_dir, quick, progress)
    recipe.judge(experiment)
    experiment.write()
    return experiment
