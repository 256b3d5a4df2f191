"""The lesson's path in Spanish: diagnosis, report, comparison and recipes without an English sentence."""

import html
import io
import itertools
import re
import shutil
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import latente
from latente.cli import main
from latente.evaluation import Diagnosis, diagnose_run
from latente.recipes import RECIPES, Experiment, lesson, mistakes, run_recipe
from latente.report import words
from latente.training import Run

ENGLISH = re.compile(r"\b(the|of|and|is|are|with|from|for|its|than|at|to|in|by|latents|images?)\b", re.IGNORECASE)
SMALL = {"epochs": 1, "network": "Dense", "network.hidden": (16,), "training.pictures_every": 0}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """A run with figures of every unit, which nothing needs to measure then, and a copy of it."""
    folder = tmp_path_factory.mktemp("runs")
    run = latente.train("digits", folder / "digits-1", progress=False, latent_dim=2, **SMALL)
    protocol = {"split": "test", "n": 1797, "epoch": run.best_epoch["epoch"], "latente": latente.__version__}
    names = ["elbo", "elbo_standard_error", "reconstruction", "kl", "active_units", "sample_sharpness", "mig"]
    names += [f"figure_{i}" for i in range(len(words.UNITS) - len(names))]
    units = ["of 2 latents", *(unit.replace("{n}", "2") for unit in words.UNITS)]
    controls = dict.fromkeys(words.CONTROLS, 0.5)
    figures = {
        name: {"value": 0.5, "unit": units[0 if name == "active_units" else i], "group": group, "controls": controls}
        for i, (name, group) in enumerate(zip(names, itertools.cycle(words.GROUPS)))
    }
    run.add_metrics({name: {**figure, **protocol} for name, figure in figures.items()})
    return [run, Run(shutil.copytree(run.path, folder / "digits-2"))]


@pytest.fixture(scope="module")
def found(runs: list[Run]) -> Diagnosis:
    return diagnose_run(runs[0])


@pytest.fixture(autouse=True)
def spanish(runs: list[Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_LANG", "es")


def said(figure: Figure) -> str:
    """All words in a picture."""
    return "\n".join(each.get_text() for each in figure.findobj(Text))


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All words in the pictures that are written, instead of the pictures, which take long."""
    words: list[str] = []

    def savefig(self: Figure, file: Path | io.BytesIO, **options: object) -> None:
        words.append(said(self))
        file.write(b"") if isinstance(file, io.BytesIO) else file.write_bytes(b"")

    monkeypatch.setattr(Figure, "savefig", savefig)
    return words


def read(page: Path) -> str:
    """What a reader sees of a page, but for code."""
    text = re.sub(r"base64,[^\"]*", "", page.read_text(encoding="utf-8"))
    assert '<html lang="es">' in text
    alternatives = re.findall(r'alt="([^"]*)"', text)
    seen = re.sub(r"(?s)<(style|pre)>.*?</\1>|<[^>]*>", " ", text)
    return html.unescape(" ".join([seen, *alternatives]))


def assert_spanish(text: str) -> None:
    without_paths = re.sub(r"\S*/\S*", "", text)
    found = ENGLISH.search(without_paths)
    assert not found, without_paths[max(0, found.start() - 100) : found.end() + 100]


def test_a_diagnosis_is_printed_and_drawn_in_spanish_and_stored_for_every_reader(runs, drawn, capsys):
    assert main(["diagnose", str(runs[0].path)]) == 0
    printed = capsys.readouterr().out
    assert "Veredicto: " in printed and "Los indicios en imágenes: " in printed
    assert_spanish(printed)
    assert_spanish("\n".join(drawn))
    stored = runs[0].metrics["diagnosis"]["findings"]
    assert stored and all(ENGLISH.search(finding["evidence"]) for finding in stored)
    said = [" ".join(finding["translations"]["es"]["evidence"].split()) for finding in stored]
    assert all(evidence in " ".join(printed.split()) for evidence in said)


def test_a_report_is_in_spanish(runs, drawn, capsys):
    assert main(["report", str(runs[0].path)]) == 0
    page = read(Path(capsys.readouterr().out.split()[-1]))
    for phrase in (
        "Muestras del prior",
        "Diagnóstico: enfermo",
        "Causa probable.",
        "de 2 variables latentes",
        "proporción",
    ):
        assert phrase in page
    assert_spanish(page)
    assert_spanish("\n".join(drawn))


def test_a_comparison_is_in_spanish(runs, drawn, capsys, tmp_path):
    assert main(["compare", *(str(run.path) for run in runs), "--output", str(tmp_path / "c")]) == 0
    assert_spanish(capsys.readouterr().out)
    assert_spanish(read(tmp_path / "c" / "comparison.html"))
    assert_spanish("\n".join(drawn))
    assert (tmp_path / "c" / "figures" / "rate-and-distortion.png").exists()  # files are called as in English


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_in_spanish_what_it_does(name, capsys):
    assert main(["recipe", "show", name]) == 0
    assert_spanish("\n".join(line for line in capsys.readouterr().out.splitlines() if "latente " not in line))


class Everything(dict):
    """Metrics that hold whatever is asked for."""

    controls = dict.fromkeys(("real images", "cross-fade", "noise"), 0.9)

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> dict[str, object]:
        return {"value": 0.9, "samples": 2000, "pairs": 100, "controls": self.controls}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_ends_in_a_verdict_in_spanish(name, runs, found, drawn, monkeypatch, tmp_path):
    """Every recipe, given one run for all that it trains."""
    vae = runs[0].model()
    monkeypatch.setattr(Run, "model", lambda run, which="best": vae)
    for room in (lesson, mistakes):
        monkeypatch.setattr(room, "diagnose_run", lambda run: found)
    monkeypatch.setattr(Experiment, "run", lambda experiment, training: runs[0])
    monkeypatch.setattr(Experiment, "metrics", lambda experiment, run: Everything())
    done = run_recipe(RECIPES[name], tmp_path, progress=False)
    page = read(done.page)
    assert "Veredicto" in page and "Lo mismo a mano" in page
    assert drawn and done.verdicts
    assert_spanish("\n".join([page.replace(name, ""), *drawn, *map(str, done.verdicts)]))
    assert all(path.name.isascii() for path in done.pictures.values())  # files are called as in English
