"""Every objective trains, saves and loads; each says what its paper says, on numbers that can be checked."""

import ast
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops
from scipy import stats

import latente
from latente import VAE
from latente.errors import UserError
from latente.model import Objective, choices
from latente.model.axes import Evidence
from latente.model.likelihoods import Gaussian
from latente.model.networks import Dense
from latente.model.objectives import DIPVAE, GECO, IWAE, MMD, BetaTCVAE, CapacityVAE, FactorVAE
from latente.model.objectives.beta_tcvae import log_weights, total_correlation
from latente.model.objectives.mmd import discrepancy
from latente.model.posteriors import DiagonalGaussian
from latente.options import options_of

pytestmark = pytest.mark.backend

SHAPE = (4, 3, 1)


def images(n: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(n, *SHAPE), dtype=np.uint8)


def tiny(objective: str | Objective, optimizer: object = None, run_eagerly: bool = True, **options) -> VAE:
    keras.utils.set_random_seed(0)
    vae = VAE(SHAPE, **{"latent_dim": 3, "network": Dense(hidden=(6,)), "objective": objective, **options})
    vae.compile(optimizer=optimizer or keras.optimizers.Adam(1e-2), jit_compile=False, run_eagerly=run_eagerly)
    return vae


def gradients(vae: VAE, x: np.ndarray, loss: Callable | None = None) -> dict[str, np.ndarray]:
    """The gradient of the loss (or of another one, for each example) by weight, read off a step of plain descent."""
    if loss:
        own = vae.objective.loss
        # Weights without any path to the loss would make Keras warn.
        vae.objective.loss = lambda evidence: (loss(evidence) + 0.0 * own(evidence)[0], {})
    before = {w.path: ops.convert_to_numpy(w).astype("float64") for w in vae.trainable_variables}
    vae.fit(x, batch_size=len(x), verbose=0)
    rate = float(ops.convert_to_numpy(vae.optimizer.learning_rate))
    return {w.path: (before[w.path] - ops.convert_to_numpy(w)) / rate for w in vae.trainable_variables}


def largest(gradients: list[np.ndarray]) -> float:
    return max(float(np.abs(g).max()) for g in gradients)


def tensors(**arrays: np.ndarray) -> dict:
    return {name: ops.convert_to_tensor(np.asarray(array, "float32")) for name, array in arrays.items()}


def evidence_of(q: dict, z=None, step: float = 0.0, **parts) -> Evidence:
    """Evidence with known parts, of a model that is nothing but a diagonal Gaussian posterior."""
    found = {"log_likelihood": np.zeros(2), "kl": np.zeros((2, 1)), **parts}
    model = SimpleNamespace(posterior=DiagonalGaussian(), images=found.pop("images", 0))
    return Evidence(None, q, z, **tensors(step=step, **found), model=model, training=True)


def every_objective() -> list:
    """Every day those with variables of their own; make test-all has the rest."""
    return [
        pytest.param(name, marks=() if name in {"FactorVAE", "GECO"} else pytest.mark.slow)
        for name in choices(Objective)
    ]


@pytest.mark.parametrize("name", every_objective())
def test_every_objective_trains_saves_and_goes_on_as_if_nothing_had_been(name: str, tmp_path: Path):
    vae = tiny(name, run_eagerly=False)
    history = vae.fit(images(), batch_size=5, verbose=0).history  # the last batch has 2
    assert all(np.isfinite(values).all() for values in history.values())
    assert set(vae.objective.logged) <= set(history)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    for model in (vae, loaded):
        model.run_eagerly = True  # no second trace
        model.fit(images(), batch_size=5, shuffle=False, verbose=0)
    assert len(vae.variables) == len(loaded.variables)
    for a, b in zip(vae.variables, loaded.variables, strict=True):
        # Rounding apart, as one of them has its trace: a step without Adam's memory would be off by 0.01.
        np.testing.assert_allclose(*map(ops.convert_to_numpy, (a, b)), rtol=1e-5, atol=1e-4, err_msg=a.path)
    assert np.isfinite(vae.evaluate(images(1), verbose=0)).all()  # a batch of one


def code_of(path: Path) -> str:
    """The source without comments and docstrings: the name of a paper may stand there, as of a score."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = ""
    return ast.unparse(tree)


def own_file(cls: type) -> Path:
    return Path(inspect.getsourcefile(cls)).resolve()


def test_an_objective_is_named_in_its_own_file_alone():
    """Adding an objective touches one file. The default is named where it is chosen; recipes name what they show."""
    src = Path(latente.__file__).resolve().parent
    texts = {path: code_of(path) for path in src.rglob("*.py") if "recipes" not in path.parts}
    known = choices(Objective)
    del known[options_of(VAE)["objective"].default]
    elsewhere = {
        name: [str(path) for path, text in texts.items() if path != own_file(cls) and re.search(rf"\b{name}\b", text)]
        for name, cls in known.items()
    }
    assert {name: files for name, files in elsewhere.items() if files} == {}


@pytest.mark.parametrize(
    ("objective", "options", "message"),
    [
        (BetaTCVAE, {"beta": 0}, "finite beta > 0"),
        (BetaTCVAE, {"estimate": "mss"}, "stratified or weighted. Received 6.0 and 'mss'"),
        (FactorVAE, {"gamma": -1}, "gamma >= 0"),
        (FactorVAE, {"hidden": (3, 0)}, "at least 1 unit"),
        (DIPVAE, {"kind": "III"}, "kind I or II"),
        (MMD, {"weight": 0}, "weight > 0"),
        (IWAE, {"samples": 0}, "samples of at least 1"),
        (IWAE, {"gradient": "dreg"}, "plain or doubly"),
        (GECO, {"target": float("nan")}, "finite target"),
        (CapacityVAE, {"capacity_steps": 0}, "capacity_steps >= 1"),
    ],
)
def test_what_makes_no_sense_is_refused(objective: type[Objective], options: dict, message: str):
    with pytest.raises(UserError, match=message):
        objective(**options)


class TestFactorVAE:
    """Bug 9: the discriminator's gradient leaking into the encoder. With a rate of 1e6, any gradient moves a weight."""

    def split(self, loss: Callable) -> tuple[list[np.ndarray], list[np.ndarray]]:
        vae = tiny(FactorVAE(hidden=(8,)), keras.optimizers.SGD(1e6))
        found = gradients(vae, images(), lambda evidence: loss(vae.objective, evidence))
        own = {w.path for w in vae.objective.trainable_variables}
        assert own
        return [g for p, g in found.items() if p in own], [g for p, g in found.items() if p not in own]

    def test_the_total_correlation_moves_no_weight_of_the_discriminator(self):
        discriminator, networks = self.split(lambda objective, evidence: objective.total_correlation(evidence.z))
        assert largest(discriminator) < 1e-6 * largest(networks)  # two equal gradients, one taken off the other

    def test_the_discriminator_moves_no_weight_of_the_networks(self):
        discriminator, networks = self.split(
            lambda objective, evidence: objective.discrimination(evidence.z, evidence.model.noise(True))[0]
        )
        assert largest(networks) < 1e-6 * largest(discriminator)

    def test_the_discriminator_learns_the_total_correlation(self):
        """Codes with correlation 0.8: its logit at them averages -0.5 log(1 - 0.8^2) = 0.51 when it has learned."""
        keras.utils.set_random_seed(0)
        objective = FactorVAE(hidden=(16, 16))
        objective.bind(SimpleNamespace(latent_dim=2))

        class Discrimination(keras.Model):
            def __init__(self):
                super().__init__()
                self.objective = objective
                self.noise = keras.random.SeedGenerator(0)

            def call(self, z):
                return z

            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                return ops.mean(self.objective.discrimination(y_pred, self.noise)[0])

        z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 4000).astype("float32")
        model = Discrimination()
        model.compile(keras.optimizers.Adam(2e-2), jit_compile=False)
        model.fit(z, batch_size=1000, epochs=40, verbose=0)
        found = ops.convert_to_numpy(objective.total_correlation(ops.convert_to_tensor(z))).mean()
        assert found == pytest.approx(-0.5 * np.log(1 - 0.64), abs=0.08)


class TestTotalCorrelation:
    def estimate(self, correlation: float, n: int, data: int) -> float:
        """TC of z ~ N(0, [[1, r], [r, 1]]), made of posteriors N(m, 0.3) with Cov(m) = [[0.7, r], [r, 0.7]]."""
        rng = np.random.default_rng(0)
        mean = rng.multivariate_normal([0, 0], [[0.7, correlation], [correlation, 0.7]], n)
        z = mean + np.sqrt(0.3) * rng.standard_normal(mean.shape)
        parts = tensors(z_mean=mean, z_log_var=np.full(mean.shape, np.log(0.3)), z=z)
        evidence = evidence_of(parts, parts["z"])
        return float(ops.convert_to_numpy(ops.mean(total_correlation(evidence, data))))

    @pytest.mark.parametrize("data", [0, 1500, 60_000])
    @pytest.mark.parametrize("correlation", [0.0, 0.5, 0.65])
    def test_a_large_batch_gives_that_of_the_known_gaussians(self, correlation: float, data: int):
        exact = -0.5 * np.log(1 - correlation**2)
        assert self.estimate(correlation, 1500, data) == pytest.approx(exact, abs=0.05)

    @pytest.mark.parametrize(("batch", "data"), [(1, 10), (2, 10), (7, 1000), (64, 60_000), (5, 5), (5, 0), (1, 0)])
    def test_the_stratified_weights(self, batch: int, data: int):
        """Bug 7: rows sum to 1, and 1/N stands on the diagonal."""
        weights = np.exp(ops.convert_to_numpy(log_weights(batch, data)).astype("float64"))
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)
        if batch > 1:
            np.testing.assert_allclose(np.diag(weights), 1 / max(data, batch), rtol=1e-4)
            others = weights[~np.eye(batch, dtype=bool)]
            np.testing.assert_allclose(others, others[0], rtol=1e-5)

    def test_the_loss_weighs_it_by_beta_less_one(self):
        parts = tensors(z_mean=[[0, 1], [2, 3]], z_log_var=np.zeros((2, 2)), z=[[0.5, 1], [2, 2]])
        evidence = evidence_of(parts, parts["z"], log_likelihood=[-7, -9], kl=[[1, 2], [3, 4]])
        tc = ops.convert_to_numpy(total_correlation(evidence, 0))
        loss, logs = BetaTCVAE(beta=5.0).loss(evidence)
        np.testing.assert_allclose(ops.convert_to_numpy(loss), [10, 16] + 4 * tc, rtol=1e-5)
        np.testing.assert_allclose(ops.convert_to_numpy(logs["total_correlation"]), tc)
        np.testing.assert_allclose(ops.convert_to_numpy(BetaTCVAE(beta=1.0).loss(evidence)[0]), [10, 16], rtol=1e-6)

    def test_the_model_knows_how_many_images_it_is_trained_on(self):
        vae = tiny("BetaTCVAE")
        vae.fit(images(11), verbose=0)
        assert int(ops.convert_to_numpy(vae.images)) == 11


def test_dip_penalties_by_hand():
    mean, log_var = np.array([[1.0, 0.0], [3.0, 2.0], [2.0, 4.0]]), np.log([[0.5, 1.0], [0.5, 1.0], [2.0, 1.0]])
    # Cov(mean) = [[2/3, 2/3], [2/3, 8/3]]; E[Var] = (1, 1).
    apart = 2 * (2 / 3) ** 2
    evidence = evidence_of(tensors(z_mean=mean, z_log_var=log_var))
    for kind, diagonal in {"I": (1 / 3) ** 2 + (5 / 3) ** 2, "II": (2 / 3) ** 2 + (8 / 3) ** 2}.items():
        penalty = DIPVAE(kind=kind, off_diagonal=3.0, diagonal=7.0).penalty(evidence)
        assert float(ops.convert_to_numpy(penalty)) == pytest.approx(3 * apart + 7 * diagonal, rel=1e-5), kind


class TestMMD:
    def of(self, a: np.ndarray, b: np.ndarray) -> float:
        return float(ops.convert_to_numpy(discrepancy(*tensors(a=a, b=b).values())))

    def test_it_is_zero_for_equal_samples_and_grows_with_a_shift(self):
        a, b = np.random.default_rng(0).standard_normal((2, 400, 3))
        assert self.of(a, a) == pytest.approx(0, abs=1e-6)
        near = self.of(a, b)
        assert 0 < near < 0.01
        assert near < self.of(a, b + 0.5) < self.of(a, b + 2) < 2

    def test_it_is_what_loops_give(self):
        a, b = np.random.default_rng(0).standard_normal((4, 2)), np.random.default_rng(1).standard_normal((3, 2))

        scales = (0.1, 0.2, 0.5, 1, 2, 5, 10)  # Tolstikhin et al. (2018)

        def kernel(u: np.ndarray, v: np.ndarray) -> float:
            return np.mean([[np.mean([4 * s / (4 * s + ((x - y) ** 2).sum()) for s in scales]) for y in v] for x in u])

        assert self.of(a, b) == pytest.approx(kernel(a, a) + kernel(b, b) - 2 * kernel(a, b), rel=1e-4)


class TestIWAE:
    def linear(self, objective: Objective, optimizer: object = None) -> VAE:
        return tiny(objective, optimizer, latent_dim=2, network=Dense(hidden=()), likelihood=Gaussian(std=0.5))

    def test_one_sample_is_the_elbo_with_its_kl_sampled(self):
        vae = self.linear(IWAE(samples=1))
        x = ops.convert_to_tensor(images() / np.float32(255))
        q = vae.inference(x)
        z = vae.posterior.sample(q, keras.random.SeedGenerator(0))
        log_likelihood = vae.likelihood.log_prob(x, vae.generative(z))
        evidence = Evidence(x, q, z, log_likelihood, vae.prior.kl(q, z, vae), 0.0, vae, training=False)
        decoded, drawn, mean, log_var = (
            ops.convert_to_numpy(part).astype("float64") for part in (vae.generative(z), z, q["z_mean"], q["z_log_var"])
        )
        pixels = stats.norm.logpdf(images() / 255, decoded, 0.5).sum(axis=(1, 2, 3))
        codes = stats.norm.logpdf(drawn) - stats.norm.logpdf(drawn, mean, np.exp(0.5 * log_var))
        sampled = pixels + codes.sum(axis=1)
        for gradient in ("plain", "doubly"):
            loss, logs = IWAE(samples=1, gradient=gradient).loss(evidence)
            np.testing.assert_allclose(ops.convert_to_numpy(loss), -sampled, rtol=1e-4)
            np.testing.assert_allclose(ops.convert_to_numpy(logs["effective_samples"]), 1)

    def test_more_samples_make_a_higher_bound_that_never_falls_below_the_elbo(self):
        x = np.repeat(images(), 50, axis=0)
        found = {
            k: self.linear(IWAE(samples=k)).evaluate(x, batch_size=len(x), verbose=0, return_dict=True)
            for k in (1, 5, 40)
        }
        elbo = found[1]["elbo"]
        assert found[1]["iwae"] == pytest.approx(elbo, abs=0.1)
        assert elbo + 0.2 < found[5]["iwae"] < found[40]["iwae"]
        assert 1 < found[5]["effective_samples"] < 5

    def test_the_doubly_reparameterized_gradient_is_the_plain_one_on_average(self):
        x = np.repeat(images(4), 1500, axis=0)
        plain, doubly = (
            gradients(self.linear(IWAE(samples=4, gradient=gradient), keras.optimizers.SGD(1e-3)), x)
            for gradient in ("plain", "doubly")
        )
        for (path, gradient), other in zip(plain.items(), doubly.values(), strict=True):
            scale = np.abs(gradient).max()
            # The decoder's is the same draw by draw, the encoder's only in expectation.
            tolerance = 0.06 if "encoder" in path or "parameters" in path else 2e-3
            np.testing.assert_allclose(other, gradient, atol=tolerance * scale, err_msg=path)


class TestGECO:
    def constrained(self, objective: GECO, reconstruction: float, training: bool = True) -> np.ndarray:
        """The loss of two images of 12 pixels with a KL of 3, which is also a step of the multiplier if training."""
        model = SimpleNamespace(image_shape=SHAPE)
        parts = tensors(log_likelihood=[-reconstruction] * 2, kl=[[1, 2]] * 2, step=0)
        evidence = Evidence(None, {}, None, **parts, model=model, training=training)
        return ops.convert_to_numpy(objective.loss(evidence)[0])

    def multiplier(self, objective: GECO) -> float:
        return float(np.exp(ops.convert_to_numpy(objective.log_multiplier)))

    @pytest.mark.parametrize(("reconstruction", "miss"), [(18.0, 0.5), (6.0, -0.5), (12.0, 0.0)])
    def test_the_multiplier_grows_while_the_target_is_missed_and_shrinks_while_it_is_met(self, reconstruction, miss):
        objective = GECO(target=1.0, rate=0.2)  # 12 nats of 12 pixels
        np.testing.assert_allclose(self.constrained(objective, reconstruction), 3 + 12 * miss, rtol=1e-5)
        assert self.multiplier(objective) == pytest.approx(np.exp(0.2 * miss))
        np.testing.assert_allclose(
            self.constrained(objective, reconstruction), 3 + np.exp(0.2 * miss) * 12 * miss, rtol=1e-5
        )

    def test_evaluation_moves_nothing(self):
        objective = GECO()
        self.constrained(objective, 18.0, training=False)
        assert self.multiplier(objective) == 1.0

    def test_the_multiplier_stays_finite(self):
        objective = GECO(target=-1e4, rate=10.0)
        for _ in range(3):
            assert np.isfinite(self.constrained(objective, 18.0)).all()
        assert self.multiplier(objective) == pytest.approx(1e6, rel=1e-3)


@pytest.mark.parametrize(("step", "capacity"), [(0, 0.0), (50, 4.0), (100, 8.0), (1000, 8.0)])
def test_capacity_costs_nothing_at_the_capacity(step: int, capacity: float):
    objective = CapacityVAE(gamma=10.0, capacity=8.0, capacity_steps=100)
    for distance in (-1.5, 0.0, 2.0):
        kl = np.array([[capacity, distance - 3], [capacity, distance + 3]])  # only their mean counts
        loss, logs = objective.loss(evidence_of({}, step=step, log_likelihood=[-7, -9], kl=kl))
        np.testing.assert_allclose(ops.convert_to_numpy(loss), np.array([7, 9]) + 10 * abs(distance), atol=1e-4)
        assert float(ops.convert_to_numpy(logs["capacity"])) == pytest.approx(capacity)
