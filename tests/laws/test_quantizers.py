"""Discrete posteriors: nearest codes, straight-through gradients, moving codebooks; and what they do not go with."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE
from latente.errors import UserError
from latente.model.axes import Evidence, Posterior
from latente.model.networks import Conv, Dense
from latente.model.posteriors import FSQ, FullGaussian, VectorQuantizer
from latente.model.posteriors.code_usage import CodeUsage
from latente.model.priors import StandardNormal

pytestmark = pytest.mark.backend

SHAPE = (4, 3, 1)
QUANTIZERS = {
    "VectorQuantizer": lambda: VectorQuantizer(codes=5, width=2),
    "residual": lambda: VectorQuantizer(codes=5, width=2, stages=3),
    "FSQ": lambda: FSQ(levels=(4, 3)),
}


def images(n: int = 12) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(n, *SHAPE), dtype=np.uint8)


def tiny(posterior: str | Posterior, prior: str = "Uniform", shape: tuple[int, ...] = SHAPE, **options) -> VAE:
    keras.utils.set_random_seed(0)
    vae = VAE(
        shape, **{"latent_dim": 4, "network": Dense(hidden=(6,)), "posterior": posterior, "prior": prior, **options}
    )
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    return vae


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def array(tensor: object) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def quantizer(encoded: np.ndarray, posterior: Posterior) -> np.ndarray:
    """The codes of ``encoded``, as drawn."""
    q = posterior.parameters(ops.convert_to_tensor(encoded))
    return array(posterior.sample(q, keras.random.SeedGenerator(0)))


def adjusted(posterior: VectorQuantizer, encoded: np.ndarray, step: int = 1, training: bool = True) -> np.ndarray:
    """The loss that the posterior adds to zero; while training, its codebooks move."""
    q = posterior.parameters(ops.convert_to_tensor(encoded))
    z = posterior.sample(q, keras.random.SeedGenerator(0))
    model = SimpleNamespace(noise=lambda training: keras.random.SeedGenerator(3))
    zeros = ops.zeros(len(encoded))
    evidence = Evidence(None, q, z, zeros, zeros[:, None], ops.convert_to_tensor(float(step)), model, training)
    return array(posterior.adjust(zeros, evidence)[0])


@pytest.mark.parametrize("stages", [1, 3])
def test_each_group_becomes_the_nearest_code_and_each_stage_takes_what_is_left(stages: int):
    posterior = VectorQuantizer(codes=7, width=3, stages=stages)
    books, rest = array(posterior.codebooks), normal(10, 6).reshape(20, 3)
    total, indices = np.zeros_like(rest), []
    for book in books:
        indices.append(np.square(rest[:, None] - book).sum(axis=-1).argmin(axis=-1))
        total, rest = total + book[indices[-1]], rest - book[indices[-1]]
    np.testing.assert_allclose(quantizer(normal(10, 6), posterior), total.reshape(10, 6), atol=1e-6)
    found = array(posterior.indices_of(ops.convert_to_tensor(normal(10, 6))))
    np.testing.assert_array_equal(found, np.stack(indices, axis=-1).reshape(10, 2 * stages))
    assert posterior.positions(6) == 2 * stages


@pytest.mark.parametrize("name", QUANTIZERS)
def test_the_value_is_a_code_exactly_and_indices_lead_back_to_it(name: str):
    posterior = QUANTIZERS[name]()
    q = posterior.parameters(ops.convert_to_tensor(100 * normal(50, 4)))
    z = posterior.sample(q, keras.random.SeedGenerator(0))
    np.testing.assert_array_equal(array(z), array(posterior.codes_of(q["indices"])))
    np.testing.assert_array_equal(array(z), array(posterior.mean(q)))
    assert array(q["indices"]).shape == (50, posterior.positions(4))
    if name != "residual":  # there, the greedy choice for a sum of codes can be other codes
        np.testing.assert_array_equal(array(posterior.indices_of(z)), array(q["indices"]))


@pytest.mark.parametrize("name", QUANTIZERS)
def test_the_gradient_passes_straight_through(name: str):
    """Read off a step of plain descent on sum(w * z): the gradient at the encoder's output is w, after tanh for FSQ."""
    posterior, start, weights = QUANTIZERS[name](), normal(6, 4), normal(6, 4, seed=1)

    class Encoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.raw = self.add_weight(shape=start.shape, initializer="zeros")

        def call(self, x):
            return x + ops.convert_to_tensor(self.raw)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            z = posterior.sample(posterior.parameters(y_pred), seed=None)
            return ops.sum(ops.convert_to_tensor(weights) * z)

    model = Encoder()
    model.compile(keras.optimizers.SGD(1.0), jit_compile=False)
    model.fit(start, batch_size=6, shuffle=False, verbose=0)
    expected = weights * (1 - np.tanh(start) ** 2 if name == "FSQ" else 1)
    np.testing.assert_allclose(-array(model.raw), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("stages", [1, 2])
def test_codes_follow_the_moving_average_of_what_they_replace(stages: int):
    """Appendix A.1 of van den Oord et al. (2017): counts and sums decay alike, and a code is their ratio."""
    posterior = VectorQuantizer(codes=3, width=2, stages=stages, decay=0.8, restart=0.0)
    posterior.counts.assign(np.full((stages, 3), 2.0))
    books, counts = array(posterior.codebooks).astype("float64"), np.full((stages, 3), 2.0)
    sums = books * counts[..., None]
    for seed in range(3):
        encoded = normal(5, 4, seed=seed)
        adjusted(posterior, encoded)
        rest = encoded.reshape(10, 2).astype("float64")
        for stage, book in enumerate(books.copy()):
            chosen = np.eye(3)[np.square(rest[:, None] - book).sum(axis=-1).argmin(axis=-1)]
            counts[stage] = 0.8 * counts[stage] + 0.2 * chosen.sum(axis=0)
            sums[stage] = 0.8 * sums[stage] + 0.2 * chosen.T @ rest
            books[stage] = sums[stage] / counts[stage][:, None]
            rest = rest - chosen @ book
        np.testing.assert_allclose(array(posterior.codebooks), books, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(array(posterior.counts), counts, rtol=1e-5)


def test_the_codebook_starts_on_the_first_batch():
    posterior, encoded = VectorQuantizer(codes=6, width=2), normal(10, 4)
    adjusted(posterior, encoded, step=0)
    rows = encoded.reshape(20, 2)
    assert all((row == rows).all(axis=1).any() for row in array(posterior.codebooks)[0])


def test_a_dead_code_starts_anew_and_the_others_stay():
    posterior, encoded = VectorQuantizer(codes=4, width=2, decay=0.5, restart=0.1), normal(10, 4)
    adjusted(posterior, encoded, step=0)
    books = array(posterior.codebooks).copy()
    books[0, 2] = 1e3
    posterior.codebooks.assign(books)
    steps = 0
    while np.abs(array(posterior.codebooks)[0, 2]).max() == 1e3:  # unused, it stays exactly where it is
        adjusted(posterior, encoded)
        steps += 1
        assert steps < 20
    assert steps > 1
    assert (encoded.reshape(20, 2) == array(posterior.codebooks)[0, 2]).all(axis=1).any()
    q = posterior.parameters(ops.convert_to_tensor(encoded))
    assert 2 in array(q["indices"])
    never = VectorQuantizer(codes=4, width=2, decay=0.5, restart=0.0)
    never.codebooks.assign(books)
    for _ in range(30):
        adjusted(never, encoded)
    assert (array(never.codebooks)[0, 2] == 1e3).all()


@pytest.mark.parametrize(("restart", "dead"), [(0.1, []), (0.11, [1]), (0.25, [1]), (0.27, [1, 2])])
def test_a_code_below_its_share_of_the_average_count_begins_anew_with_the_average(restart: float, dead: list[int]):
    """Of 3, 0.2, 0.5 and 4 the average is 1.925, of which 0.2 is a share of 0.104 and 0.5 one of 0.26."""
    posterior = VectorQuantizer(codes=4, width=1, decay=0.5, restart=restart)
    posterior.codebooks.assign([[[0.0], [50.0], [60.0], [10.0]]])
    posterior.counts.assign([[4.0, 0.4, 1.0, 6.0]])
    adjusted(posterior, np.array([[0.5, 1.5], [12.0, 13.0]], "float32"))  # two for the first code, two for the last
    counts, books = array(posterior.counts)[0], array(posterior.codebooks)[0, :, 0]
    moved = [(0.5 + 1.5) / 6, 50.0, 60.0, 10 + (2 + 3) / 8]
    for code, count in enumerate([3.0, 0.2, 0.5, 4.0]):
        assert counts[code] == pytest.approx(1.925 if code in dead else count, rel=1e-5)
        assert books[code] in (0.5, 1.5, 12.0, 13.0) if code in dead else books[code] == pytest.approx(moved[code])


def test_commitment_is_the_squared_distance_to_the_codes():
    posterior, encoded = VectorQuantizer(codes=3, width=2, commitment=0.5), normal(5, 4)
    before = array(posterior.codebooks)
    added = adjusted(posterior, encoded, training=False)
    np.testing.assert_allclose(added, 0.5 * np.square(encoded - quantizer(encoded, posterior)).sum(axis=1), rtol=1e-5)
    np.testing.assert_array_equal(before, array(posterior.codebooks))  # evaluation moves nothing


def test_perplexity_and_usage_by_hand():
    usage = CodeUsage(codes=4, codebooks=2)
    # The codebooks take turns: the first sees 0 0 1 1, the second 3 3 3 3.
    usage.update_state(ops.convert_to_tensor(np.array([[0, 3, 0, 3]], "int32")))
    usage.update_state(ops.convert_to_tensor(np.array([[1, 3, 1, 3]], "int32")))
    found = {name: float(array(value)) for name, value in usage.result().items()}
    assert found == pytest.approx({"perplexity": (2 + 1) / 2, "code_usage": (2 / 4 + 1 / 4) / 2}, rel=1e-5)
    posterior = QUANTIZERS["FSQ"]()
    vae = tiny(posterior)
    logs = vae.evaluate(images(), batch_size=5, verbose=0, return_dict=True)
    indices = vae.posterior_parameters(images())["indices"]
    shares = np.bincount(indices.ravel(), minlength=12) / indices.size
    entropy = -sum(share * np.log(share) for share in shares if share)
    assert logs["perplexity"] == pytest.approx(np.exp(entropy), rel=1e-4)
    assert logs["code_usage"] == pytest.approx((shares > 0).mean())


def test_the_grid_of_fsq():
    """A product of levels many codes, evenly spread from -1 to 1; each index is one point, and leads back to it."""
    posterior = FSQ(levels=(5, 4, 2))
    assert posterior.codes == 40
    every = np.arange(40, dtype="int32")[:, None]
    points = array(posterior.codes_of(ops.convert_to_tensor(every)))
    assert len(np.unique(points, axis=0)) == 40
    for column, levels in enumerate(posterior.levels):
        np.testing.assert_allclose(np.unique(points[:, column]), np.linspace(-1, 1, levels), atol=1e-6)
    np.testing.assert_array_equal(array(posterior.indices_of(ops.convert_to_tensor(points))), every)
    far = quantizer(np.array([[-50, 50, -50]], "float32"), posterior)
    np.testing.assert_array_equal(far, [[-1, 1, -1]])
    encoded = normal(40, 3)
    nearest = np.square(np.tanh(encoded)[:, None] - points).sum(axis=-1).argmin(axis=-1)
    np.testing.assert_allclose(quantizer(encoded, posterior), points[nearest], atol=1e-6)
    assert FSQ().codes == 1000


def test_more_stages_leave_less():
    encoded, left = normal(400, 4), []
    for stages in (1, 2, 4):
        posterior = VectorQuantizer(codes=16, width=4, stages=stages, decay=0.5)
        for step in range(15):
            adjusted(posterior, encoded, step=step)
        left.append(np.square(encoded - quantizer(encoded, posterior)).mean())
    assert left[1] < 0.75 * left[0]
    assert left[2] < 0.75 * left[1]


@pytest.mark.parametrize("name", QUANTIZERS)
def test_training_lowers_the_loss_saves_and_goes_on_as_if_nothing_had_been(name: str, tmp_path: Path):
    vae = tiny(QUANTIZERS[name]())
    before = vae.evaluate(images(), verbose=0, return_dict=True)["reconstruction"]
    vae.fit(np.tile(images(), (40, 1, 1, 1)), batch_size=13, verbose=0)  # the last batch has 12
    assert vae.evaluate(images(), verbose=0, return_dict=True)["reconstruction"] < before - 0.1
    assert vae.sample(3).shape == vae.reconstruct(images(3)).shape == (3, *SHAPE)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    np.testing.assert_array_equal(vae.encode(images()), loaded.encode(images()))
    for model in (vae, loaded):
        model.fit(images(), batch_size=5, shuffle=False, verbose=0)
    for a, b in zip(vae.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(array(a), array(b), err_msg=a.path)


def test_on_a_map_each_pixel_has_a_code_of_its_own():
    vae = tiny(QUANTIZERS["residual"](), shape=(8, 8, 1), latent_dim=8, network=Conv((3, 4), hidden=0, latents="map"))
    before, after = np.zeros((2, 1, 8, 8, 1), "float32")
    after[:, 7, 7] = 1.0  # seen by the last of 2 x 2 pixels alone
    q = vae.posterior_parameters(np.concatenate([before, after]))
    encoded, indices = q["encoded"].reshape(2, 4, 2), q["indices"].reshape(2, 4, 3)
    assert np.abs(encoded[0, 3] - encoded[1, 3]).max() > 1e-4
    np.testing.assert_allclose(encoded[0, :3], encoded[1, :3], atol=1e-6)  # other rows of a matrix product
    np.testing.assert_array_equal(indices[0, :3], indices[1, :3])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"posterior": FSQ((4, 3)), "prior": "StandardNormal"}, "discrete codes.*Choose prior .*Uniform"),
        ({"posterior": "DiagonalGaussian", "prior": "Uniform"}, "Choose prior .*StandardNormal"),
        *(
            ({"posterior": FSQ((4, 3)), "prior": "Uniform", "objective": objective}, "needs a posterior with")
            for objective in ("IWAE", "BetaTCVAE", "FactorVAE", "MMD", "DIPVAE")
        ),
        ({"posterior": FullGaussian(), "prior": "StandardNormal", "objective": "BetaTCVAE"}, "independent dimensions"),
        ({"posterior": FSQ(), "prior": "Uniform", "latent_dim": 10}, "groups of 4. Received 10: take 8 or 12"),
        ({"posterior": "VectorQuantizer", "prior": "Uniform"}, "groups of 16. Received 4: take 16"),
    ],
)
def test_what_does_not_go_together_is_refused(options: dict, message: str):
    with pytest.raises(UserError, match=message):
        tiny(**options)


@pytest.mark.parametrize(
    ("posterior", "options", "message"),
    [
        (VectorQuantizer, {"codes": 1}, "codes >= 2"),
        (VectorQuantizer, {"stages": 0}, "stages >= 1"),
        (VectorQuantizer, {"decay": 1.0}, "decay and restart in"),
        (VectorQuantizer, {"commitment": -1.0}, "finite commitment"),
        (FSQ, {"levels": ()}, "at least one number of levels"),
        (FSQ, {"levels": (5, 1)}, "at least 2"),
        (FSQ, {"levels": (1000,) * 5}, "fewer than 2\\^31"),
    ],
)
def test_what_makes_no_sense_is_refused(posterior: type[Posterior], options: dict, message: str):
    with pytest.raises(UserError, match=message):
        posterior(**options)


class TestFullGaussian:
    def q(self, n: int = 3) -> dict:
        return FullGaussian().parameters(ops.convert_to_tensor(np.repeat(normal(1, 9), n, axis=0)))

    def covariance(self) -> tuple[np.ndarray, np.ndarray]:
        q = self.q(1)
        factor = array(q["z_factor"])[0].astype("float64")
        assert (np.triu(factor, 1) == 0).all()
        assert (np.diag(factor) > 0).all()
        return array(q["z_mean"])[0].astype("float64"), factor @ factor.T

    def test_samples_have_the_mean_and_the_covariance(self):
        mean, covariance = self.covariance()
        z = array(FullGaussian().sample(self.q(40_000), keras.random.SeedGenerator(0)))
        np.testing.assert_allclose(z.mean(axis=0), mean, atol=0.05)
        np.testing.assert_allclose(np.cov(z.T), covariance, atol=0.08)

    def test_density_and_kl_are_those_of_the_formulas(self):
        mean, covariance = self.covariance()
        z = normal(5, 3, seed=1)
        centred, log_det = z - mean, np.linalg.slogdet(covariance)[1]
        squares = (centred @ np.linalg.inv(covariance) * centred).sum(axis=1)
        expected = -0.5 * (squares + log_det + 3 * np.log(2 * np.pi))
        np.testing.assert_allclose(
            array(FullGaussian().log_prob(self.q(5), ops.convert_to_tensor(z))), expected, rtol=1e-4
        )
        one = {name: value[None] for name, value in self.q(2).items()}  # (1, 2, ...) against (5, 1, latent_dim)
        many = array(FullGaussian().log_prob(one, ops.convert_to_tensor(z[:, None])))
        np.testing.assert_allclose(many, np.repeat(expected[:, None], 2, axis=1), rtol=1e-4)
        model = SimpleNamespace(posterior=FullGaussian())
        kl = array(StandardNormal().kl(self.q(1), None, model))
        expected = 0.5 * (np.trace(covariance) + mean @ mean - 3 - log_det)
        np.testing.assert_allclose(kl, [[expected]], rtol=1e-5)

    def test_it_trains_and_its_kl_has_one_part(self):
        vae = tiny("FullGaussian", "StandardNormal")
        before = vae.evaluate(images(), verbose=0, return_dict=True)["loss"]
        vae.fit(np.tile(images(), (30, 1, 1, 1)), batch_size=12, verbose=0)
        assert vae.evaluate(images(), verbose=0, return_dict=True)["loss"] < before - 0.1
        assert vae.latent_statistics.kl_per_dimension() is None
        assert vae.sample(2).shape == (2, *SHAPE)
