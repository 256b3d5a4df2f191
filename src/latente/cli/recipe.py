"""``latente recipe``."""

from __future__ import annotations

import argparse

from latente.backend import import_keras
from latente.cli.common import add_training

HELP = "run the lesson's experiments: exercises, homework, mistakes"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the three subcommands."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="action", required=True)
    commands.add_parser("list", help="name the recipes")
    show = commands.add_parser("show", help="say what a recipe does, and the commands that do it by hand")
    run_ = commands.add_parser("run", help="train what a recipe needs, and print its verdict")
    for sub in (show, run_):
        sub.add_argument("name", metavar="NAME", help="recipe; latente recipe list names them")
        sub.add_argument("--quick", action="store_true", help="a version of about a minute; its verdict may differ")
    run_.add_argument("--folder", default="recipes", metavar="DIR", help="where runs and pages go (default: recipes)")
    add_training(run_)


def run(arguments: argparse.Namespace) -> None:
    """List, show or run."""
    import_keras()
    from rich.console import Console
    from rich.table import Table

    from latente import recipes

    console = Console(highlight=False, markup=False)
    if arguments.action == "list":
        table = Table.grid(padding=(0, 2))
        for name in sorted(recipes.RECIPES, key=lambda name: (not name.startswith(("exercise", "homework")), name)):
            table.add_row(name, recipes.RECIPES[name].summary)
        console.print(table)
        return
    recipe = recipes.recipe_named(arguments.name)
    if arguments.action == "show":
        console.print(f"{recipe.name}: {recipe.summary}\n\n{recipe.text}\n")
        for planned in recipe.runs:
            console.print(f"  {planned.command(arguments.quick)}", soft_wrap=True)
        return
    done = recipes.run_recipe(
        recipe, arguments.folder, arguments.data_dir, arguments.quick, progress=not arguments.quiet
    )
    for verdict in done.verdicts:
        console.print(str(verdict))
    for path in [*done.pictures.values(), done.page]:
        print(path)
