"""The lesson's experiments as recipes: each trains what it needs, looks at it and ends in a verdict."""

from latente.discovery import import_all
from latente.recipes.experiment import Experiment, PlannedRun, Verdict
from latente.recipes.recipe import RECIPES, Recipe, recipe_named, run_recipe

import_all(__name__)

__all__ = ["RECIPES", "Experiment", "PlannedRun", "Recipe", "Verdict", "recipe_named", "run_recipe"]
