"""A conditional run, from training to its report."""

from pathlib import Path

import numpy as np
import pytest
from keras import ops

import latente
from latente.cli import main
from latente.errors import UserError
from latente.evaluation import diagnose_run, elbo_terms
from latente.report import report
from latente.training import Run
from latente.training.callbacks import Pictures

OPTIONS = {"epochs": 2, "batch_size": 128, "latent_dim": 2, "network": "Dense", "network.hidden": (16,)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Two latents on the digits and their labels, with pictures."""
    path = tmp_path_factory.mktemp("runs") / "digits"
    pictures = {"training.pictures_every": 1}
    return latente.train("digits", path, progress=False, conditional=True, **pictures, **OPTIONS)


def test_the_run_knows_its_classes(run: Run):
    assert run.classes == list("0123456789")
    assert run.model().classes == 10
    assert run.config["conditional"] is True


def test_an_interrupted_run_resumes_to_the_same_weights(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(self: Pictures, epoch: int, logs: dict | None = None) -> None:
        raise KeyboardInterrupt

    options = {"training.pictures_every": 1, **OPTIONS}
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Pictures, "on_epoch_end", interrupt)
        latente.train("digits", tmp_path / "run", progress=False, conditional=True, **options)
    assert len(Run(tmp_path / "run").log) == 1
    again = latente.resume(tmp_path / "run", progress=False)
    for a, b in zip(run.model("last").variables, again.model("last").variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(a), ops.convert_to_numpy(b))


@pytest.mark.parametrize(
    "command",
    [["sample"], ["sample", "--label", "3", "-n", "5"], ["reconstruct"], ["interpolate", "--from", "0", "--to", "3"]]
    + [["traverse"], ["traverse", "--label", "7"], ["map"]],
    ids=" ".join,
)
def test_each_look_writes_a_picture(run: Run, capsys, command: list[str]):
    assert main([command[0], str(run.path), *command[1:]]) == 0
    assert Path(capsys.readouterr().out.splitlines()[-1]).stat().st_size > 1000


def test_samples_are_of_the_label_asked_for_or_of_each_in_turn(run: Run, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    vae = run.model()
    for flags, expected in (([], np.arange(64) % 10), (["--label", "3"], np.full(64, 3))):
        assert main(["sample", str(run.path), *flags, "-o", "a.png", "--npz", "a.npz"]) == 0
        with np.load("a.npz") as arrays:
            np.testing.assert_array_equal(arrays["labels"], expected)
            np.testing.assert_array_equal(arrays["images"], vae.sample(64, labels=expected))


def test_the_report_holds_every_part(run: Run):
    html = report(run).read_text(encoding="utf-8")
    for title in ("Samples from the prior", "Interpolation", "Latent traversals", "Decoded latent plane"):
        assert title in html
    assert run.metrics["elbo"]["given"] == "the label"
    assert len(diagnose_run(run).figures["kl_per_dimension"]) == 2
    test, elbo = run.data().test, run.metrics["elbo"]
    found = elbo_terms(run.model(), test.images, elbo["seed"], test.labels)
    assert elbo["value"] == pytest.approx(found.elbo.mean(), rel=1e-6)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["sample", "--label", "10"], "--label must be one of 0 (0), 1 (1)"),
        (["traverse", "--label", "shoe"], "Received shoe"),
        (["interpolate", "--from", "0", "--to", "a.png"], "take indices into the test images"),
    ],
)
def test_what_cannot_be_is_refused(run: Run, capsys, command: list[str], message: str):
    assert main([command[0], str(run.path), *command[1:]]) == 2
    assert message in capsys.readouterr().err


def test_data_without_labels_are_refused(tmp_path: Path):
    images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), dtype=np.uint8)
    np.savez(tmp_path / "bare.npz", images=images)
    np.savez(tmp_path / "odd.npz", images=images, labels=np.arange(30) - 5)
    with pytest.raises(UserError, match="which has no labels: leave --conditional out"):
        latente.train(f"npz:{tmp_path}/bare.npz", tmp_path / "run", progress=False, conditional=True, **OPTIONS)
    with pytest.raises(UserError, match="Number the classes"):
        latente.train(f"npz:{tmp_path}/odd.npz", tmp_path / "run", progress=False, conditional=True, **OPTIONS)
    with pytest.raises(UserError, match="VampPrior encodes"):
        latente.train("digits", tmp_path / "run", progress=False, conditional=True, prior="VampPrior", **OPTIONS)
    assert not (tmp_path / "run").exists()


def test_the_flag_needs_no_value(capsys):
    assert main(["train", "--conditional", "digits", "--print-config"]) == 0
    assert "conditional: true" in capsys.readouterr().out


def test_anomalies_are_scored_given_the_label(run: Run, here: Path, capsys):
    test = run.data().test
    np.savez("known.npz", images=test.images, labels=test.labels)
    np.savez("unknown.npz", images=test.images)
    assert main(["score", str(run.path), "npz:known.npz", "-o", "scores.npz"]) == 0
    with np.load("scores.npz") as file:
        expected = elbo_terms(run.model(), test.images, labels=test.labels).elbo
        np.testing.assert_allclose(file["elbo"], expected, rtol=1e-5)
    assert main(["score", str(run.path), "npz:unknown.npz", "-o", "none.npz"]) == 2
    assert "conditional and needs labels" in capsys.readouterr().err
    assert not Path("none.npz").exists()
