"""The lesson's experiments as recipes: each trains what it needs, looks at it and ends in a verdict."""

# The order is that of the list: exercises 1 to 3 and the homework, exercise 4, then exercise 5 and the errors.
# isort: off
from latente.recipes import lesson, beta, mistakes  # noqa: F401

# isort: on
from latente.recipes.experiment import Experiment, Verdict, run_recipe
from latente.recipes.recipe import RECIPES, Recipe, Training, find

__all__ = ["RECIPES", "Experiment", "Recipe", "Training", "Verdict", "find", "run_recipe"]
