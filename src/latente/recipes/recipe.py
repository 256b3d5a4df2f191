"""What a recipe is: an experiment of the lesson that trains what it needs, looks at it and says what it found."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latente.errors import UserError
from latente.language import translation_of
from latente.options import did_you_mean
from latente.recipes.experiment import Experiment, PlannedRun
from latente.report.page import render


@dataclass(frozen=True)
class Recipe:
    """An experiment.

    Attributes:
        name: What ``latente recipe run`` takes.
        runs: The runs that it needs, in order.
        judge: Looks at the trained runs, draws and concludes; its docstring says what it shows, why, and what to look
            for.
    """

    name: str
    runs: tuple[PlannedRun, ...]
    judge: Callable[[Experiment], None]

    @property
    def paragraphs(self) -> list[str]:
        """The docstring, in English; a paragraph is one line."""
        return [part.replace("\n", " ") for part in inspect.cleandoc(self.judge.__doc__ or "").split("\n\n")]

    @property
    def summary(self) -> str:
        """What it shows, in one line, in the reader's language."""
        return translation_of(self.paragraphs[0])

    @property
    def text(self) -> str:
        """Why, and what to look for, in the reader's language."""
        return "\n\n".join(translation_of(paragraph) for paragraph in self.paragraphs[1:])


RECIPES: dict[str, Recipe] = {}


def recipe(name: str, *runs: PlannedRun) -> Callable[[Callable[[Experiment], None]], Recipe]:
    """Make a recipe of the function that judges it, and put it on the list."""

    def make(judge: Callable[[Experiment], None]) -> Recipe:
        made = RECIPES[name] = Recipe(name, runs, judge)
        return made

    return make


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UserError: There is none.
    """
    if name not in RECIPES:
        raise UserError(f"There is no recipe {name!r}.{did_you_mean(name, RECIPES)} latente recipe list names them.")
    return RECIPES[name]


def run_recipe(
    recipe: Recipe,
    folder: str | Path = "recipes",
    data_dir: str | None = None,
    quick: bool = False,
    progress: bool = True,
) -> Experiment:
    """Train what a recipe needs unless it is there, judge it and write its page.

    Args:
        recipe: One of ``RECIPES``.
        folder: Where the runs of all recipes and their pages go.
        data_dir: Where the data files are.
        quick: The version of about a minute: fewer images and epochs, and verdicts that may differ.
        progress: Whether to tell on standard error how it goes.

    Returns:
        The experiment with its ``verdicts`` and ``pictures``.

    Raises:
        UserError: The data are not there, or a folder holds other runs.
    """
    experiment = Experiment(recipe.name, Path(folder), data_dir, quick, progress)
    recipe.judge(experiment)
    found, pictures = experiment.verdicts, experiment.embedded
    experiment.write(render("recipe.html.jinja", recipe=recipe, quick=quick, verdicts=found, sections=pictures))
    return experiment
