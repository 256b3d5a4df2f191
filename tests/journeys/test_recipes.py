"""Recipes: what they need is trained once, looked at, and judged."""

from pathlib import Path

import pytest

from latente.cli import main
from latente.errors import UserError
from latente.figures import grid
from latente.recipes import RECIPES, Experiment, PlannedRun, Recipe, Verdict, run_recipe
from latente.training import Run

TINY = PlannedRun("tiny", "digits", {"epochs": 5}, {"epochs": 1, "network.filters": (4, 6), "network.hidden": 8})


def judge(experiment: Experiment) -> None:
    """A recipe for this test.

    It trains on digits.
    """
    run = experiment.run(TINY)
    experiment.show("Two samples", grid(run.model().sample(2)))
    experiment.conclude("It trained.", len(run.log) == 1, f"{len(run.log)} epochs")


def test_a_recipe_trains_once_and_ends_in_a_verdict(tmp_path: Path):
    recipe = Recipe("test", (TINY,), judge)
    done = run_recipe(recipe, tmp_path, quick=True, progress=False)
    assert [(v.claim, v.holds) for v in done.verdicts] == [("It trained.", True)]
    html = done.page.read_text()
    assert "It trains on digits." in html
    assert "data:image/png;base64," in html
    assert TINY.command(quick=True) in html
    assert all(path.exists() for path in done.pictures.values())
    started = Run(tmp_path / "runs" / "tiny-quick").environment["started"]
    run_recipe(recipe, tmp_path, quick=True, progress=False)
    assert Run(tmp_path / "runs" / "tiny-quick").environment["started"] == started


def test_a_verdict_fits_a_terminal_with_its_text_below_the_claim():
    said = str(Verdict("The latents are in use.", False, "standard deviations of z_mean " + "0.01, " * 40))
    first, *below = said.splitlines()
    assert first == "NO   The latents are in use."
    assert len(below) > 2
    assert all(line.startswith("     ") and line[5] != " " and len(line) < 80 for line in below)


def test_a_run_of_other_options_in_its_place_is_refused(tmp_path: Path):
    run_recipe(Recipe("test", (TINY,), judge), tmp_path, quick=True, progress=False)
    other = PlannedRun("tiny", "digits", {}, {"epochs": 2})
    with pytest.raises(UserError, match="another config"):
        run_recipe(Recipe("test", (other,), lambda experiment: experiment.run(other)), tmp_path, quick=True)


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_it_does_by_hand(name: str, capsys, tmp_path: Path, monkeypatch):
    """Each command that it shows is one that latente train takes."""
    monkeypatch.chdir(tmp_path)
    for flags in ([], ["--quick"]):
        assert main(["recipe", "show", name, *flags]) == 0
        shown = capsys.readouterr().out
        commands = [line.split()[1:] for line in shown.splitlines() if line.startswith("  latente train")]
        assert len(commands) == len(RECIPES[name].runs)
        for words in commands:
            assert main([*words, "--print-config"]) == 0
        capsys.readouterr()


def test_the_lesson_is_complete(capsys):
    assert main(["recipe", "list"]) == 0
    out = capsys.readouterr().out
    names = [line.split()[0] for line in out.splitlines() if not line.startswith(" ")]
    assert names[:5] == ["exercise-1", "exercise-2", "exercise-3", "exercise-4", "exercise-5"]
    assert {"homework", "blur", "one-mode"} < set(names)
    assert main(["recipe", "show", "homwork"]) == 2
    assert "homework" in capsys.readouterr().err
