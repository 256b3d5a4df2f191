"""Several runs side by side: what a person types, and what they get."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import latente
from latente.cli import main
from latente.cli.compare import show_comparison
from latente.report import Comparison
from latente.report.groups import Row, RunGroup
from latente.training import Run
from training.test_train import QUICK, assert_same, weights, without_times


@pytest.fixture(scope="module")
def beta(tmp_path_factory) -> Comparison:
    folder = tmp_path_factory.mktemp("sweeps") / "beta"
    return latente.sweep("digits", folder, progress=False, beta=[5, 1], seed=[1, 0], **QUICK)


def test_mean_and_spread_are_those_over_the_seeds(beta: Comparison):
    assert [(group.title, group.seeds) for group in beta.groups] == [("beta 1", [0, 1]), ("beta 5", [0, 1])]
    rows = {row.name: row for row in beta.rows}
    assert {"elbo", "reconstruction", "kl", "active_units"} <= rows.keys()
    assert not [name for name in rows if "standard_error" in name or "per_dimension" in name]
    for name, row in rows.items():
        for i, group in enumerate(beta.groups):
            a, b = (Run(run.path).metrics[name]["value"] for run in group.runs)
            assert row.means[i] == pytest.approx((a + b) / 2)
            assert row.spreads[i] == pytest.approx(abs(a - b) / np.sqrt(2))
    assert rows["elbo"].better == "↑"
    assert rows["elbo"].best == (int(np.argmax(rows["elbo"].means)),)
    assert rows["elbo"].cells()[0] == f"{rows['elbo'].means[0]:.2f} ± {rows['elbo'].spreads[0]:.2f}"
    assert rows["elbo"].protocol["n"] == 359


def test_the_report_is_one_file_beside_its_pictures(beta: Comparison):
    html = beta.path.read_text(encoding="utf-8")
    assert "http" not in html
    names = {"rate-and-distortion.png", "samples.png", "reconstructions.png", "interpolations.png"}
    found = {path.name for path in (beta.path.parent / "figures").iterdir()}
    assert names <= found
    assert html.count("data:image/png;base64,") == len(found)
    for name in names:
        with Image.open(beta.path.parent / "figures" / name) as picture:
            assert np.asarray(picture.convert("L")).std() > 5
    elbo = next(row for row in beta.rows if row.name == "elbo")
    for cell in elbo.cells():
        assert cell in html
    assert "latent_dim" not in html.replace("latent-dim", ""), "only the options that differ are shown"


def test_one_run_shows_no_spread(beta: Comparison, tmp_path, capsys):
    first, other = beta.groups[0].runs[0], beta.groups[1].runs[0]
    assert main(["compare", str(first.path), str(other.path), "-o", str(tmp_path / "two")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert max(map(len, out[:-1])) <= 80
    assert "±" not in "".join(out)
    assert out[0] == "A: beta 1 (seed 0)"
    tables = [line.split()[0] for line in out[2:] if line.split()[:1] in (["A"], ["B"])]
    assert tables == ["A", "B"] * (len(tables) // 2)
    assert tables
    assert Path(out[-1]) == tmp_path / "two" / "comparison.html"


def made_up(figures: int, notes: list[str]) -> Comparison:
    """Two runs with so many figures, each of 18 characters."""
    runs = [SimpleNamespace(config={"training": {"seed": seed}}) for seed in (0, 7)]
    groups = [RunGroup(letter, {"beta": letter.lower()}, (run,)) for letter, run in zip("AB", runs, strict=True)]
    means = -12345678901234.25, -98765432109876.75
    rows = [Row(f"figure_{i}", "nats", means, (None, None), {}, ()) for i in range(figures)]
    return Comparison(groups, rows, notes, Path("there.html"))


@pytest.mark.parametrize(("columns", "tables"), [(24, [1, 1, 1, 1, 1]), (80, [3, 2]), (90, [4, 1]), (120, [5])])
def test_a_table_is_as_wide_as_the_terminal_and_no_figure_is_cut(
    columns: int, tables: list[int], capsys, monkeypatch: pytest.MonkeyPatch
):
    """A table of n figures of 18 characters takes 20 n + 4 columns, and two more are left for a longer letter."""
    monkeypatch.setenv("COLUMNS", str(columns))
    show_comparison(made_up(5, []))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    for letter, cell in (("A", "-12345678901234.25"), ("B", "-98765432109876.75")):
        found = [line.split()[1:] for line in lines if line.split()[:1] == [letter]]
        assert found == [[cell] * n for n in tables]


def test_notes_stand_under_the_tables_as_they_are(capsys):
    show_comparison(made_up(1, ["The [bold] likelihoods differ.", "A has a seed more than once."]))
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "Note: The [bold] likelihoods differ.",
        "Note: A has a seed more than once.",
        "there.html",
    ]


def test_other_data_leave_the_figures_to_compare(beta: Comparison, tmp_path):
    run = beta.groups[0].runs[0]
    shutil.copytree(run.path, tmp_path / "other")
    environment = json.dumps(run.environment | {"data_fingerprint": "0" * 16})
    (tmp_path / "other" / "environment.json").write_text(environment)
    found = latente.compare([run, tmp_path / "other"], tmp_path / "both", progress=False)
    assert "different data" in found.notes[0]
    assert [path.name for path in (tmp_path / "both" / "figures").iterdir()] == ["rate-and-distortion.png"]
    assert {group.options["data fingerprint"] for group in found.groups} == {"0" * 16, run.data().fingerprint}


def test_each_point_is_the_run_of_its_options(beta: Comparison, tmp_path):
    alone = latente.train("digits", tmp_path / "alone", progress=False, beta=5, seed=1, **QUICK)
    run = Run(beta.path.parent / "beta=5,seed=1")
    assert run.config == alone.config
    assert_same(weights(run), weights(alone))
    assert without_times(run.log) == without_times(alone.log)


def test_sweep_trains_what_is_missing_and_ends_with_the_report(beta: Comparison, here: Path, capsys):
    shutil.copytree(beta.path.parent, here / "s")
    shutil.rmtree(here / "s" / "beta=5,seed=0")
    options = " --epochs 2 --batch-size 256 --latent-dim 3 --network.filters 4,6 --network.hidden 8"
    command = "sweep digits --sweep-dir s --beta 5 --beta 1 --seed 0,1 --training.pictures-every 0" + options
    assert main(command.split()) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[-1] == "s/comparison.html"
    assert max(map(len, out.splitlines())) <= 80
    assert [line for line in err.splitlines() if line.startswith(("[", "evaluating"))] == [
        "[1/4] beta=5,seed=0: train",
        "evaluating beta=5,seed=0",
        *(
            f"[{i}/4] {name}: finished before"
            for i, name in ((2, "beta=5,seed=1"), (3, "beta=1,seed=0"), (4, "beta=1,seed=1"))
        ),
    ]
    assert Run("s/beta=5,seed=0").metrics == Run(beta.path.parent / "beta=5,seed=0").metrics


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("sweep digits", "needs an option with several values"),
        ("sweep", "DATA"),
        ("sweep digits --beta 1,1", "Received beta=1 twice"),
        ("sweep digits --bta 1,5", "Did you mean '--beta'?"),
        ("sweep digits --beta 1,0", "an autoencoder, not a VAE"),
        ("sweep digit --beta 1,5", "Did you mean 'digits'?"),
        ("sweep digits more --beta 1,5", "one DATA"),
        ("compare RUN", "at least two runs. Received 1"),
        ("compare RUN RUN", "may be given once"),
        ("compare RUN absent", "not a run directory"),
    ],
)
def test_mistakes(beta: Comparison, here: Path, capsys, command: str, message: str):
    run = str(beta.groups[0].runs[0].path)
    assert main([run if word == "RUN" else word for word in command.split()]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert list(here.iterdir()) == []
