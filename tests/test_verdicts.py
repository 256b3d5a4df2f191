"""The verdicts of the recipes on made-up figures: which run each is about, and on which side of what it holds."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from evaluation.test_acceptance import paths, samples
from latente.data import Split
from latente.evaluation import Diagnosis
from latente.evaluation.diagnosis import Finding
from latente.figures import grid
from latente.recipes import RECIPES, Experiment, PlannedRun, lesson, mistakes

IMAGES = np.zeros((20, 4, 4, 1), np.uint8)
WRONG, RIGHT = np.full((20, 4, 4, 1), 0.25), np.full((20, 4, 4, 1), 0.75)
"""What the stand-in for a model draws around encodings, and from the prior."""
LATENTS = {"KL": (np.array([2.0, 0.001]), 0.01)}


def found(*names: str, severity: Any = "sick") -> Diagnosis:
    findings = tuple(Finding(name, severity, "", {}, "", "") for name in names)
    figures = {"active_units": 1, "latent_dim": 2, "elbo": -3.0, "z_mean_std": np.array([0.9, 0.02]), "kl": 765.4}
    return Diagnosis(findings, figures, {"latents": LATENTS})


ASKED: list[tuple[str, int]] = []
"""What the stand-in was asked for."""


class Model:
    classes = ()

    def encode(self, images: np.ndarray, sample: bool, seed: int) -> str:
        assert sample
        return "codes"

    def decode(self, codes: str) -> np.ndarray:
        assert codes == "codes"
        return WRONG

    def sample(self, n: int, seed: int) -> np.ndarray:
        ASKED.append(("samples", n))
        return RIGHT[:n]

    def reconstruct(self, images: np.ndarray) -> np.ndarray:
        return images

    def interpolate(self, start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
        ASKED.append(("steps", steps))
        return RIGHT[:steps]


class Told(Experiment):
    """A recipe at work on runs of which nothing but these figures is known."""

    def __init__(self, metrics: dict[str, Any], log: list[dict[str, float]], folder: Path) -> None:
        super().__init__("told", folder, None, False, False)
        self.figures, self.log = metrics, log

    def run(self, planned: PlannedRun) -> Any:
        data = SimpleNamespace(test=Split(IMAGES))
        best = max(self.log, key=lambda entry: entry["val_elbo"])
        names = {"name": planned.name, "log": self.log, "best_epoch": best, "classes": []}
        return SimpleNamespace(model=lambda which="best": Model(), data=lambda: data, **names)

    def metrics(self, run: Any) -> Any:
        return self.figures[run.name]

    def show(self, title: str, figure: Any) -> None:
        assert title


class Verdicts:
    """Judges a recipe by the findings and the figures of its runs, and keeps the evidence."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.monkeypatch, self.folder, self.evidence = monkeypatch, folder, ""

    def __call__(self, name: str, findings: Any = None, metrics: Any = None, log: Any = None) -> list[bool]:
        def diagnosis(run: Any) -> Diagnosis:
            return findings if isinstance(findings, Diagnosis) else (findings or {}).get(run.name, found())

        for module in (lesson, mistakes):
            self.monkeypatch.setattr(module, "diagnose_run", diagnosis)
        experiment = Told(metrics or {}, log or entries(-9), self.folder)
        RECIPES[name].judge(experiment)
        self.evidence = "\n".join(verdict.evidence for verdict in experiment.verdicts)
        return [verdict.holds for verdict in experiment.verdicts]


@pytest.fixture
def verdicts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Verdicts:
    for name in ("reconstruction_figure", "map_figure", "sample_figure", "interpolation_figure"):
        monkeypatch.setattr(lesson.pictures, name, lambda *_, **__: grid(IMAGES[:1]))
    return Verdicts(monkeypatch, tmp_path)


def entries(*elbos: float) -> list[dict[str, float]]:
    return [{"epoch": i, "val_elbo": elbo} for i, elbo in enumerate(elbos, start=1)]


@pytest.mark.parametrize(
    ("log", "findings", "holds"),
    [
        (entries(-9, -5, -7), found(), [True, True]),
        (entries(-9), found(), [True, True]),  # of one epoch nothing is to be said
        (entries(-5, -9), found(), [False, True]),
        (entries(-5, -5), found(), [False, True]),
        (entries(-9, -5), found("blur"), [True, False]),
        (entries(-9, -5), found("spare-latents", severity="remark"), [True, True]),
    ],
)
def test_exercise_1_improves_and_is_healthy(verdicts: Verdicts, log: Any, findings: Any, holds: list[bool]) -> None:
    assert verdicts("exercise-1", findings, log=log) == holds


def test_exercise_1_tells_the_first_and_the_best_epoch(verdicts: Verdicts) -> None:
    verdicts("exercise-1", found("blur", "few-modes"), log=entries(-9.1, -5.2, -7.3))
    assert "validation ELBO -9.1 after epoch 1, -5.2 after epoch 2" in verdicts.evidence
    assert "ELBO -3.0 nats, 1 of 2 latents active; findings: blur, few-modes" in verdicts.evidence


SMOOTH, UNEVEN = paths(), paths(uneven=2.5)
SURE, UNSURE = samples(), samples(confidence=0.5)
NOISE_PASSES = samples(noise=(0.9, 0.9, 0.5))


@pytest.mark.parametrize(
    ("name", "figures", "holds"),
    [
        ("exercise-2", SURE, [True, True]),
        ("exercise-2", UNSURE, [False, True]),
        ("exercise-2", NOISE_PASSES, [True, False]),
        ("exercise-3", SMOOTH, [True, True]),
        ("exercise-3", UNEVEN, [False, True]),
        ("exercise-3", paths(noise=(1.5, 0.5)), [True, False]),
        ("homework", SURE | SMOOTH, [True, True, True, True, True]),
        ("homework", UNSURE | SMOOTH, [False, True, True, True, True]),
        ("homework", SURE | UNEVEN, [True, True, False, True, True]),
    ],
)
def test_what_the_lesson_accepts_and_whether_its_rule_can_tell(
    verdicts: Verdicts, name: str, figures: Any, holds: list[bool]
) -> None:
    run = RECIPES[name].runs[0].name
    assert verdicts(name, metrics={run: figures}) == holds
    assert ("passed by noise" in verdicts.evidence) is ("both fail" not in verdicts.evidence)


@pytest.mark.parametrize(
    ("findings", "holds"),
    [(("posterior-collapse",), False), (("blur", "partial-collapse"), False), (("blur", "spare-latents"), True)],
)
def test_a_homework_must_not_collapse(verdicts: Verdicts, findings: tuple[str, ...], holds: bool) -> None:
    run = RECIPES["homework"].runs[0].name
    assert verdicts("homework", found(*findings), {run: SURE | SMOOTH})[-1] is holds
    assert "1 of 2 latents active; standard deviations of z_mean [0.9, 0.02]" in verdicts.evidence


BETAS = ("kl", "reconstruction", "reconstruction_sharpness", "sample_confidence[classifier]")
SCORES = ("mig", "dci_disentanglement", "factor_vae")
FALLING, RISING, MIXED, FLAT = (9.0, 5.0, 3.0), (3.0, 5.0, 9.0), (9.0, 3.0, 5.0), (5.0, 5.0, 5.0)
EXPECTED = dict(zip(BETAS + SCORES, (FALLING, RISING, FALLING, FALLING, RISING, RISING, RISING), strict=True))


def by_beta(garments: dict[str, Any], shapes: dict[str, Any]) -> dict[str, Any]:
    """Figures of the runs with beta 1, 5 and 10; what a kind of run has not been asked for runs the other way."""
    return {
        f"{kind}-beta-{beta}": {name: {"value": values[i]} for name, values in figures.items()}
        for kind, figures in (("garments", garments), ("shapes", shapes))
        for i, beta in enumerate((1, 5, 10))
    }


@pytest.mark.parametrize("name", [None, *EXPECTED])
@pytest.mark.parametrize("values", [MIXED, FLAT, "backwards"])
def test_exercise_4_follows_each_figure_over_beta(verdicts: Verdicts, name: str | None, values: Any) -> None:
    other = {each: trend[::-1] for each, trend in EXPECTED.items()}
    figures = EXPECTED | ({name: other[name] if values == "backwards" else values} if name else {})
    garments = other | {each: figures[each] for each in BETAS}
    shapes = other | {each: figures[each] for each in SCORES}
    assert verdicts("exercise-4", metrics=by_beta(garments, shapes)) == [each != name for each in BETAS + SCORES]


@pytest.mark.parametrize("kl", [(9.0, 9.0, 3.0), (9.0, 3.0, 3.0)])
def test_a_figure_may_stay_for_a_while(verdicts: Verdicts, kl: tuple[float, ...]) -> None:
    assert verdicts("exercise-4", metrics=by_beta(EXPECTED | {"kl": kl}, EXPECTED))[0]


def test_exercise_4_tells_each_figure_beside_its_beta(verdicts: Verdicts) -> None:
    verdicts("exercise-4", metrics=by_beta(EXPECTED, EXPECTED))
    assert verdicts.evidence.splitlines()[0] == "kl: 9 at beta 1, 5 at beta 5, 3 at beta 10"


COLLAPSES = {"collapsed": 0, "starved": 3}
CURES = {"collapsed-warm-up": 1, "collapsed-lr-1e-3": 2, "starved-warm-up": 4}


@pytest.mark.parametrize("other", [None, *COLLAPSES, *CURES])
def test_exercise_5_collapses_and_cures_what_it_says(verdicts: Verdicts, other: str | None) -> None:
    """One run after the other does not what it is said to."""
    findings = {name: found("posterior-collapse") for name in COLLAPSES} | {name: found("blur") for name in CURES}
    if other:
        findings[other] = found("partial-collapse") if other in COLLAPSES else found("posterior-collapse")
    wrong = (COLLAPSES | CURES).get(other or "")
    assert verdicts("exercise-5", findings) == [number != wrong for number in range(5)]


@pytest.mark.parametrize(
    ("name", "coverage", "holds"),
    [
        ("partial-collapse", (0.3, 0.9), [True, True]),
        ("posterior-collapse", (0.3, 0.9), [True, True]),
        ("blur", (0.3, 0.9), [False, True]),
        ("partial-collapse", (0.9, 0.3), [True, False]),
        ("partial-collapse", (0.5, 0.5), [True, False]),
    ],
)
def test_few_latents_show_few_classes(verdicts: Verdicts, name: str, coverage: Any, holds: list[bool]) -> None:
    figures = zip(("one-mode", "collapsed-lr-1e-3"), coverage, strict=True)
    metrics = {run: {"class_coverage[classifier]": {"value": value}} for run, value in figures}
    findings = {"one-mode": found(name), "collapsed-lr-1e-3": found("posterior-collapse" if name == "blur" else "blur")}
    assert verdicts("one-mode", findings, metrics) == holds
    assert f"{coverage[0]:.2f} at beta 50, {coverage[1]:.2f} at beta 1" in verdicts.evidence
    assert "z_mean.std() per latent: 0.90 0.02" in verdicts.evidence


@pytest.mark.parametrize(
    ("sharpness", "kl", "holds"),
    [
        ((0.4, 0.7), (2.0, 5.0), [True, True, True]),
        ((1.0, 1.1), (2.0, 5.0), [False, True, True]),
        ((0.7, 0.4), (2.0, 5.0), [True, False, True]),
        ((0.4, 0.4), (2.0, 5.0), [True, False, True]),
        ((0.4, 0.7), (5.0, 2.0), [True, True, False]),
        ((0.4, 0.7), (5.0, 5.0), [True, True, False]),
    ],
)
def test_what_sharpens_reconstructions_costs_samples(verdicts: Verdicts, sharpness: Any, kl: Any, holds: Any) -> None:
    metrics = {
        run: {"reconstruction_sharpness": {"value": sharp}, "marginal_kl": {"value": nats}}
        for run, sharp, nats in zip(("homework", "sharper"), sharpness, kl, strict=True)
    }
    assert verdicts("blur", metrics=metrics) == holds
    assert f"{sharpness[1]:.2f} instead of {sharpness[0]:.2f}" in verdicts.evidence
    assert f"{kl[1]:.1f} nats instead of {kl[0]:.1f}" in verdicts.evidence


def test_beta_0_is_named(verdicts: Verdicts) -> None:
    assert verdicts("beta-zero", found("blur", "autoencoder")) == [True]
    assert "KL 765 nats; 1 of 2 latents active" in verdicts.evidence
    assert verdicts("beta-zero", found("blur")) == [False]


@pytest.mark.parametrize("wrong", [True, False])
@pytest.mark.parametrize("right", [True, False])
def test_samples_around_encodings_are_accused_and_others_are_not(
    verdicts: Verdicts, monkeypatch: pytest.MonkeyPatch, wrong: bool, right: bool
) -> None:
    """Whether the diagnosis accuses those that it should, and those that it should not."""

    def diagnosis(encode: Any, decode: Any, images: Any, samples: np.ndarray) -> Diagnosis:
        accused = wrong if samples is WRONG else right
        return found("samples-around-encodings" if accused else "blur")

    monkeypatch.setattr(mistakes, "diagnose", diagnosis)
    assert verdicts("around-encodings") == [wrong, not right]


def test_what_is_trained_and_drawn_is_what_the_lesson_asks_for(verdicts: Verdicts) -> None:
    plans = {plan.name: plan for recipe in RECIPES.values() for plan in recipe.runs}
    assert (plans["homework"].data, plans["homework"].options) == ("fashion-mnist", {"latent_dim": 10, "epochs": 30})
    assert plans["mnist"].data == "mnist"
    assert [plan.options["beta"] for plan in RECIPES["exercise-4"].runs] == [1, 5, 10] * 2
    assert [plan.data for plan in RECIPES["exercise-4"].runs] == ["fashion-mnist"] * 3 + ["shapes"] * 3
    learning_rates = [plans[name].options["lr"] for name in ("collapsed", "collapsed-warm-up", "collapsed-lr-1e-3")]
    assert learning_rates == [3e-2, 3e-2, 1e-3]
    for name, steps in (("collapsed-warm-up", 1500), ("starved-warm-up", 700)):
        warmed = plans[name].options
        assert (warmed["objective.schedule"], warmed["objective.schedule_steps"]) == ("linear", steps)
    assert "objective.schedule" not in plans["collapsed"].options | plans["starved"].options
    assert plans["autoencoder"].options["objective"] == "Autoencoder"
    assert plans["one-mode"].options["beta"] == 50
    assert (plans["sharper"].options["latent_dim"], plans["sharper"].options["beta"]) == (64, 0.5)
    ASKED.clear()
    for name, figures in (("exercise-2", SURE), ("exercise-3", SMOOTH), ("homework", SURE | SMOOTH)):
        verdicts(name, metrics={RECIPES[name].runs[0].name: figures})
    assert ASKED == [("samples", 100), ("steps", 10), ("samples", 64), ("steps", 10)]
