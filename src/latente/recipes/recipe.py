"""What a recipe is: an experiment of the lesson that trains what it needs, looks at it and says what it found."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from latente.errors import UserError
from latente.language import translation_of
from latente.options import did_you_mean

if TYPE_CHECKING:
    from latente.recipes.experiment import Experiment

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Training:
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
class Recipe:
    """An experiment.

    Attributes:
        name: What ``latente recipe run`` takes.
        trainings: The runs that it needs, in order.
        judge: Looks at the trained runs, draws and concludes; its docstring says what it shows, why, and what to look
            for.
    """

    name: str
    trainings: tuple[Training, ...]
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


def recipe(name: str, *trainings: Training) -> Callable[[Callable[[Experiment], None]], Recipe]:
    """Make a recipe of the function that judges it, and put it on the list."""

    def make(judge: Callable[[Experiment], None]) -> Recipe:
        made = RECIPES[name] = Recipe(name, trainings, judge)
        return made

    return make


def find(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UserError: There is none.
    """
    if name not in RECIPES:
        raise UserError(f"There is no recipe {name!r}.{did_you_mean(name, RECIPES)} latente recipe list names them.")
    return RECIPES[name]
