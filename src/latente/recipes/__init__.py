"""The lesson's experiments as recipes: each trains what it needs, looks at it and ends in a verdict."""

from latente.recipes import beta, collapse, lesson  # noqa: F401  # they put their recipes on the list
from latente.recipes.experiment import Experiment, Verdict, run_recipe
from latente.recipes.recipe import RECIPES, Recipe, Training, find

__all__ = ["RECIPES", "Experiment", "Recipe", "Training", "Verdict", "find", "run_recipe"]
