"""``latente fit-prior``, and ``latente sample`` after it."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import latente
from latente.cli import main
from latente.evaluation import ex_post
from latente.training import Run


@pytest.fixture
def mine(run: Run, tmp_path: Path) -> Run:
    """A copy of the shared run, to change."""
    return Run(shutil.copytree(run.path, tmp_path / "mine"))


def drawn(run: Run, *flags: str) -> np.ndarray:
    file = run.path.with_name("drawn.npz")
    assert main(["sample", str(run.path), "-n", "20", "--seed", "3", "--npz", str(file), *flags]) == 0
    with np.load(file) as arrays:
        return arrays["z"]


def test_samples_come_from_the_prior_that_was_fitted_last(mine: Run, capsys):
    own = drawn(mine)
    assert "the model's own prior, StandardNormal" in capsys.readouterr().err
    assert [path.name for path in (mine.path / "figures").glob("samples-20*")] == ["samples-20-seed-3.png"]
    assert main(["fit-prior", str(mine.path), "--components", "3"]) == 0
    said = capsys.readouterr().out
    assert "a mixture of 3 Gaussians, fitted to the codes of 1,258 training images" in said
    assert "own prior" in said
    for figure in ("log p(z)", "frechet[classifier]", "precision[classifier]"):
        assert figure in said
    assert mine.metrics["fitted_prior_log_density"]["n"] == 359
    assert {path.name for path in mine.path.iterdir()} >= {"fitted-prior.npz", "metrics.json"}

    fitted = drawn(mine)
    assert "the prior that latente fit-prior fitted" in capsys.readouterr().err
    np.testing.assert_array_equal(fitted, Run(mine.path).fitted_prior.sample(20, seed=3))
    assert {p.name for p in (mine.path / "figures").glob("samples-20*")} == {
        "samples-20-seed-3.png",
        "samples-20-seed-3-fitted-prior.png",
    }
    np.testing.assert_array_equal(drawn(mine, "--own-prior"), own)
    np.testing.assert_array_equal(latente.load(mine.path).sample_codes(20, seed=3), own)

    mine.save(mine.model(), best=False)
    assert mine.fitted_prior is not None
    mine.save(mine.model(), best=True)  # its codes are others
    assert mine.fitted_prior is None


@pytest.mark.parametrize(
    ("fitted", "printed", "gain"),
    [(-3.5, "-3.500", "0.50 nats higher"), (-4.25, "-4.250", "0.25 nats lower"), (8, "8.000", "12.00 nats higher")],
)
def test_what_the_elbo_gains_is_told(
    mine: Run, capsys, monkeypatch: pytest.MonkeyPatch, fitted: float, printed: str, gain: str
):
    density = {"value": fitted, "controls": {"own prior": -4.0}, "unit": "nats", "components": 3, "train_n": 1258}
    recall = {"value": 0.5, "controls": {"own prior": 0.25}, "unit": "share"}
    found = {"fitted_prior_log_density": density, "fitted_prior_recall[classifier]": recall}
    monkeypatch.setattr(ex_post, "fit_prior", lambda *given: found)
    assert main(["fit-prior", str(mine.path), "--kind", "gaussian"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "mine: one Gaussian, fitted to the codes of 1,258 training images",
        "on the test images                 own prior      fitted",
        f"log p(z)                              -4.000{printed:>12}  nats",
        "recall[classifier]                     0.250       0.500  share",
        f"The ELBO with this prior is {gain}.",
        "latente sample draws from it now; with --own-prior, from the model's.",
    ]


def test_what_does_not_fit_is_refused(mine: Run, tmp_path: Path, capsys):
    assert main(["fit-prior", str(mine.path), "--kind", "gaussian", "--components", "3"]) == 2
    assert "--components belongs to --kind gmm" in capsys.readouterr().err
    assert main(["fit-prior", str(mine.path), "--components", "5000"]) == 2
    assert "5000 components and 1258 codes" in capsys.readouterr().err
    shutil.rmtree(mine.path / "checkpoints")
    assert main(["fit-prior", str(mine.path)]) == 2
    assert "no trained model yet" in capsys.readouterr().err
