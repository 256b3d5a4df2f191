"""Each sickness and its healthy neighbour, made by hand: a linear VAE in NumPy, whose optimum is known exactly."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import latente
from latente.cli import main
from latente.errors import UserError
from latente.evaluation.diagnosis import diagnose_run
from latente.evaluation.diagnosis.checks import CHECKS
from latente.training import Run

SIDE, FACTORS, STD = 6, 4, 0.05
RNG = np.random.default_rng(0)
AXES = np.linalg.qr(RNG.normal(size=(SIDE * SIDE, SIDE * SIDE)))[0].T
W = 0.4 * AXES[:FACTORS]  # orthogonal rows: the exact posterior is diagonal
Array = np.ndarray
ENGLISH = re.compile(r"\b(the|of|and|is|are|with|for|its|than|or)\b", re.IGNORECASE)


def images(n: int, seed: int) -> Array:
    rng = np.random.default_rng(seed)
    x = 0.5 + rng.normal(size=(n, FACTORS)) @ W + STD * rng.normal(size=(n, SIDE * SIDE))
    return np.clip(x, 0, 1).reshape(n, SIDE, SIDE, 1).astype("float32")


REAL, TRAIN = images(800, 1), images(800, 2)


def nats(x: Array, means: Array) -> Array:
    """-log p(x given z) of a Gaussian of known width, but for its constant."""
    return 0.5 * np.square((x - means) / STD).sum(axis=(1, 2, 3))


class Linear:
    """The optimal posterior of a linear decoder at a beta; ``stretch`` moves the codes, decoded as if they were not."""

    def __init__(self, w: Array = W, beta: float = 1.0, stretch: float = 1.0) -> None:
        self.w, self.beta, self.stretch = w, beta, stretch

    def encode(self, x: Array) -> tuple[Array, Array]:
        signal = np.square(self.w).sum(axis=1) / (self.beta * STD**2)
        variance = 1 / (1 + signal)
        mean = variance * ((x.reshape(len(x), -1) - 0.5) @ self.w.T) / (self.beta * STD**2)
        log_var = np.broadcast_to(np.log(variance), mean.shape)
        return self.stretch * mean, log_var + 2 * np.log(self.stretch)

    def decode(self, z: Array) -> Array:
        return (0.5 + z / self.stretch @ self.w).reshape(len(z), SIDE, SIDE, 1)


HEALTHY = Linear()
PADDED = Linear(np.concatenate([W, 1e-4 * AXES[FACTORS : 2 * FACTORS - 1]]))  # three latents that the decoder ignores


def diagnose(model: "Linear | Sick" = HEALTHY, x: Array = REAL, **given: object) -> latente.evaluation.Diagnosis:
    given = {"encode": model.encode, "decode": model.decode, "images": x, "likelihood": nats} | given
    return latente.diagnose(**given)


def prior(n: int = 500, seed: int = 3) -> Array:
    return np.random.default_rng(seed).normal(size=(n, FACTORS))


def log(*elbos: float, kl: float = 9.0) -> list[dict[str, float]]:
    return [{"epoch": i, "loss": -e, "val_elbo": e, "val_kl": kl} for i, e in enumerate(elbos, start=1)]


CALM = log(-90, -40, -30, -28, -27.5, -27.4, -27.4)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"x": (REAL * 255).round().astype("uint8")},
        {"train_images": TRAIN, "log": CALM, "loss": 27.4},
        {"samples": HEALTHY.decode(prior())},
        {"samples": HEALTHY.decode(0.8 * prior())},
        {"model": Linear(beta=0.5), "objective_beta": 0.5},
        {"model": Linear(beta=4)},
    ],
    ids=["floats", "bytes", "history", "samples", "cool samples", "beta 0.5", "beta 4"],
)
def test_a_healthy_model_is_called_so(given: dict):
    found = diagnose(**given)
    assert found.healthy, found
    assert found.findings == ()
    assert "Verdict: healthy" in str(found)


def test_spare_latents_are_remarked_on_only():
    found = diagnose(PADDED)
    assert found.healthy
    assert found.names == ("spare-latents",)
    assert found.findings[0].figures["active_units"] == FACTORS


@dataclass(frozen=True)
class Sick:
    """The healthy model with another encoder or decoder."""

    encode: Callable[[Array], tuple[Array, Array]] = HEALTHY.encode
    decode: Callable[[Array], Array] = HEALTHY.decode


def nothing(x: Array) -> tuple[Array, Array]:
    return np.zeros((len(x), FACTORS)), np.zeros((len(x), FACTORS))


def wide(log_var: float) -> Callable[[Array], tuple[Array, Array]]:
    return lambda x: (HEALTHY.encode(x)[0], np.full((len(x), FACTORS), float(log_var)))


def grey(z: Array) -> Array:
    return np.broadcast_to(REAL.mean(axis=0), (len(z), SIDE, SIDE, 1))


def around(x: Array) -> Array:
    mean, _ = HEALTHY.encode(x[:300])
    return HEALTHY.decode(mean + 0.02 * np.random.default_rng(4).normal(size=mean.shape))


def dark(x: Array) -> Array:
    """Images that are bright at the top, so that dark for light makes a difference."""
    return np.clip(x * np.linspace(0.9, 0.2, SIDE)[:, None, None], 0, 1).astype("float32")


DEAD = Sick(encode=nothing, decode=grey)
SICK = [
    ("posterior-collapse", {"model": DEAD}),
    ("kl-dominates-from-start", {"model": DEAD, "log": log(-60, -59, -59, kl=0.001)}),
    ("loss-averaged-over-pixels", {"model": Linear(beta=SIDE * SIDE)}),
    ("partial-collapse", {"model": Linear(np.concatenate([W[:1], 1e-4 * W[1:]]))}),
    ("autoencoder", {"model": Linear(beta=1e-4, stretch=1.0)}),
    ("log-variance-exploded", {"model": Sick(encode=wide(25))}),
    ("log-variance-clamped", {"model": Sick(encode=wide(-20))}),
    ("decoder-ignores-z", {"model": Sick(decode=grey)}),
    ("decoder-saturated", {"model": Sick(decode=lambda z: np.ones((len(z), SIDE, SIDE, 1)))}),
    ("prior-mismatch", {"model": Linear(stretch=0.2)}),
    ("prior-mismatch", {"model": Linear(stretch=8)}),
    ("few-modes", {"samples": HEALTHY.decode(prior(3)[RNG.integers(0, 3, 500)])}),
    ("samples-around-encodings", {"samples": around(REAL)}),
    ("overfitting", {"train_images": HEALTHY.decode(HEALTHY.encode(TRAIN)[0]).astype("float32").clip(0, 1)}),
    ("diverged", {"log": log(-90, -40, float("nan"))}),
    ("stopped-too-early", {"log": log(-90, -60, -40, -30)}),
    ("data-out-of-range", {"x": 255 * REAL}),
    ("data-inverted", {"x": dark(REAL), "train_images": 1 - dark(TRAIN)}),
]


@pytest.mark.parametrize(("name", "given"), SICK)
def test_a_sickness_is_found_by_its_name(name: str, given: dict, monkeypatch):
    found = diagnose(**given)
    assert not found.healthy
    assert name in found.names, found
    finding = found.findings[found.names.index(name)]
    assert finding.severity == "sick"
    assert finding.cause and finding.remedy and any(c.isdigit() for c in finding.evidence)
    assert max(map(len, str(found).splitlines())) <= 80
    plain = found.to_json()
    monkeypatch.setenv("LATENTE_LANG", "es")
    assert found.to_json() == plain
    in_spanish = str(found).replace("data-out-of-range", "")
    assert "Veredicto: enfermo" in in_spanish
    assert not ENGLISH.search(in_spanish)
    assert max(map(len, in_spanish.splitlines())) <= 80
    for said in plain["findings"]:
        for part, translated in said["translations"]["es"].items():
            assert translated != said[part]
            assert " ".join(translated.split()[:3]) in " ".join(in_spanish.split())


def test_a_collapsed_model_gets_no_findings_that_follow_from_the_collapse():
    assert diagnose(DEAD).names == ("posterior-collapse",)


def test_the_reported_loss_betrays_a_mean_over_pixels_when_all_is_collapsed():
    sum_over_pixels = float(nats(REAL, grey(REAL)).mean())
    assert "loss-averaged-over-pixels" in diagnose(DEAD, loss=sum_over_pixels / SIDE**2).names
    assert diagnose(DEAD, loss=sum_over_pixels).names == ("posterior-collapse",)


def test_a_blur_that_a_large_beta_paid_for_is_found():
    soft = Linear(W * 0.5, beta=8)
    assert "blur" in diagnose(soft).names
    assert "blur" not in diagnose().names


@pytest.mark.parametrize("beta", [0.25, 1.0, 4.0, 30.0])
def test_the_effective_beta_is_the_beta(beta: float):
    assert diagnose(Linear(beta=beta)).figures["effective_beta"] == pytest.approx(beta, rel=0.05)


def test_every_check_is_found_and_documented():
    folder = Path(latente.__file__).parent / "evaluation" / "diagnosis" / "checks"
    written = re.findall(r"^@check\ndef (\w+)", "\n".join(map(Path.read_text, folder.glob("*.py"))), re.MULTILINE)
    assert sorted(check.__name__ for check in CHECKS) == sorted(written)
    assert len(written) >= 17
    assert [check.__name__ for check in CHECKS if not check.__doc__] == []


def test_two_diagnoses_agree():
    assert str(diagnose()) == str(diagnose())


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"encode": lambda x: HEALTHY.encode(x)[0]}, "pair"),
        ({"encode": lambda x: (*HEALTHY.encode(x), 0)}, "wrapper"),
        ({"encode": lambda x: (np.zeros((len(x), 2)), np.zeros((len(x), 3)))}, "shapes"),
        ({"decode": lambda z: np.zeros((len(z), 5, 5, 1))}, "decode"),
        ({"decode": lambda z: np.zeros((1, SIDE, SIDE, 1))}, "one row"),
        ({"decode": lambda z: "images"}, "array"),
        ({"images": REAL[..., 0]}, "None"),
        ({"images": REAL[:1]}, "at least 2"),
        ({"images": np.where(REAL > 0.5, np.nan, REAL)}, "finite"),
        ({"images": np.zeros_like(REAL)}, "show something"),
        ({"images": "my images"}, "array"),
        ({"samples": REAL[:, :4]}, "samples"),
        ({"likelihood": "Poisson"}, "Poisson"),
        ({"likelihood": lambda x, means: 1.0}, "likelihood"),
    ],
)
def test_a_mistake_is_explained(wrong: dict, message: str):
    with pytest.raises(UserError, match=message):
        diagnose(**wrong)


@pytest.mark.parametrize(
    "given",
    [
        {"encode": lambda x: (np.full((len(x), 2), np.nan), np.zeros((len(x), 2)))},
        {"decode": lambda z: np.full((len(z), SIDE, SIDE, 1), np.inf), "log": CALM},
    ],
)
def test_a_model_that_gives_no_numbers_any_more_has_diverged(given: dict, tmp_path: Path):
    found = diagnose(**given)
    assert found.names == ("diverged",)
    assert "NaN" in str(found)
    assert found.save(tmp_path).exists()
    json.dumps(found.to_json(), allow_nan=False)


def test_lists_of_arrays_are_taken():
    found = diagnose(encode=lambda x: [list(part) for part in HEALTHY.encode(x)], x=list(REAL))
    assert found.healthy


def test_the_picture_and_the_json_hold_the_evidence(tmp_path: Path):
    found = diagnose(PADDED, log=CALM, samples=HEALTHY.decode(prior()))
    with Image.open(found.save(tmp_path / "new")) as picture:
        assert min(picture.size) > 300
        assert np.asarray(picture.convert("L")).std() > 5
    assert (tmp_path / "new" / "diagnosis.png").exists()
    plain = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert plain["healthy"]
    assert plain["findings"][0]["name"] == "spare-latents"


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("runs") / "digits"
    options = {"network": "Dense", "network.hidden": (64,), "training.pictures_every": 0}
    return latente.train("digits", path, progress=False, latent_dim=2, epochs=40, lr=5e-3, seed=100, **options)


def test_a_trained_run_is_diagnosed_on_the_command_line(digits: Run, capsys):
    assert main(["diagnose", str(digits.path)]) == 0
    out = capsys.readouterr().out
    assert "Verdict: healthy" in out
    assert max(map(len, out.splitlines()[:-1])) <= 80  # the last names the picture
    assert Path(out.split()[-1]).exists()
    recorded = digits.metrics["diagnosis"]
    assert recorded["value"] is True
    assert main(["diagnose", str(digits.path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["findings"] == recorded["findings"]


def encoder(vae: latente.VAE) -> Callable[[Array], tuple[Array, Array]]:
    def encode(x: Array) -> tuple[Array, Array]:
        q = vae.posterior_parameters(x)
        return q["z_mean"], q["z_log_var"]

    return encode


def test_negatives_that_fit_better_than_the_images_betray_an_inversion(digits: Run, monkeypatch):
    monkeypatch.setattr("latente.evaluation.diagnosis.checks.data.INVERTED", -2.0)  # whatever the mean images say
    vae, images = digits.model(), np.asarray(digits.data().test.images)
    found = latente.diagnose(encoder(vae), vae.decode, 255 - images)
    assert "data-inverted" in found.names
    assert "negatives" in str(found)
    assert "data-inverted" not in latente.diagnose(encoder(vae), vae.decode, images).names


def test_the_run_and_the_functions_get_the_same_verdict(digits: Run):
    vae, data = digits.model(), digits.data()
    encode = encoder(vae)
    test, train = (np.asarray(split.images) for split in (data.test, data.train))
    by_run = diagnose_run(digits)
    by_hand = latente.diagnose(encode, vae.decode, test, train_images=train, log=digits.log, objective_beta=1.0)
    assert by_run.names == by_hand.names
    assert by_run.figures["kl"] == pytest.approx(by_hand.figures["kl"], rel=1e-3)
    assert by_run.figures["reconstruction"] == pytest.approx(by_hand.figures["reconstruction"], rel=1e-3)
