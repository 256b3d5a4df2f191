"""The VAE as a Keras model: losses, shapes, serialization, determinism, for every choice of every axis."""

import json

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE, backend
from latente.errors import UserError
from latente.model import AXES, choices
from latente.model.latent_statistics import LatentStatistics
from latente.model.networks import Conv, Dense
from latente.model.objectives import ELBO

pytestmark = pytest.mark.backend

SMALL = {"Conv": lambda: Conv(filters=(3, 4), hidden=6), "Dense": lambda: Dense(hidden=(8, 6))}
SHAPE = (9, 7, 1)


def images(n: int = 10, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, size=(n, *shape), dtype=np.uint8)


def small_vae(shape: tuple[int, ...] = SHAPE, **options) -> VAE:
    keras.utils.set_random_seed(0)
    vae = VAE(shape, **{"latent_dim": 3, "network": "Conv", **options})
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), jit_compile=False)
    return vae


def some(**changes) -> VAE:
    return small_vae(**{"network": SMALL["Conv"](), **changes})


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 7, 3), (28, 28, 1), (5, 12, 2), (1, 1, 1)])
def test_the_decoder_mirrors_the_encoder_for_any_size(name: str, shape: tuple[int, ...]):
    vae = small_vae(shape, network=SMALL[name]())
    assert vae.encode(images(2, shape)).shape == (2, 3)
    assert vae.reconstruct(images(2, shape)).shape == (2, *shape)


def test_the_loss_is_a_sum_over_pixels_and_a_mean_over_examples():
    """Bugs 1 and 2: the same images twice in a batch give the same loss; no division by the number of latents."""
    vae = some()
    x = images(4)
    q = {k: ops.convert_to_tensor(v) for k, v in vae.posterior_parameters(x).items()}
    prediction = {**q, "z": q["z_mean"], "parameters": vae.decoder(q["z_mean"])}
    once = vae.compute_loss(x=ops.convert_to_tensor(x), y_pred=prediction, training=False)
    doubled = {k: ops.concatenate([v, v]) for k, v in prediction.items()}
    twice = vae.compute_loss(x=ops.convert_to_tensor(np.concatenate([x, x])), y_pred=doubled, training=False)
    mean, log_var = (ops.convert_to_numpy(q[k]).astype("float64") for k in ("z_mean", "z_log_var"))
    logits, target = ops.convert_to_numpy(prediction["parameters"]).astype("float64"), x / 255.0
    cross_entropy = (np.logaddexp(0, logits) - target * logits).sum(axis=(1, 2, 3))
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1)
    expected = (cross_entropy + kl).mean()
    assert float(ops.convert_to_numpy(once)) == pytest.approx(expected, rel=1e-5)
    assert float(ops.convert_to_numpy(twice)) == pytest.approx(expected, rel=1e-5)


def test_evaluate_is_a_full_pass_with_the_ragged_batch():
    """Bug 4: validation over one batch, or divided by the wrong count."""
    vae = some()
    x = images(11)
    whole = vae.evaluate(x, batch_size=11, verbose=0, return_dict=True)
    ragged = vae.evaluate(x, batch_size=4, verbose=0, return_dict=True)
    parts = [vae.evaluate(x[i : i + 1], batch_size=1, verbose=0, return_dict=True)["kl"] for i in range(11)]
    assert ragged["kl"] == pytest.approx(whole["kl"], rel=1e-4)
    assert ragged["kl"] == pytest.approx(np.mean(parts), rel=1e-4)


def test_latents_are_counted_and_their_kl_averaged_over_batches_of_any_size():
    """Means about 1 whose variances are 0, 0.0099 and 0.0101; KLs of 1, 2, 3 and 6 nats, times 0, 1 and 10."""
    statistics = LatentStatistics(3)
    means = 1 + np.multiply.outer([1, -1, 1, -1], np.sqrt([0, 0.0099, 0.0101]))
    kl = np.multiply.outer([1, 2, 3, 6], [0, 1, 10])
    for _ in range(2):
        for rows in (slice(1), slice(1, 4)):
            statistics.update_state(*(ops.convert_to_tensor(each[rows].astype("float32")) for each in (means, kl)))
        assert float(ops.convert_to_numpy(statistics.result())) == 1
        np.testing.assert_allclose(statistics.kl_per_dimension(), [0, 3, 30], rtol=1e-6)
        statistics.reset_state()
        assert float(ops.convert_to_numpy(statistics.result())) == 0  # of no image at all
        np.testing.assert_array_equal(statistics.kl_per_dimension(), [0, 0, 0])


@pytest.mark.parametrize("n", [1, 499, 500, 501, 1001])
def test_arrays_of_any_length_come_back_whole_and_in_order(n: int):
    """Around whole batches: encoder and decoder take 500 rows at a time."""
    vae, rng = small_vae((2, 3, 1), network=Dense(hidden=())), np.random.default_rng(1)
    x, z = rng.uniform(size=(n, 6)), rng.normal(size=(n, 3))
    (kernel, bias), (weight, offset) = vae.encoder.get_weights(), vae.decoder.get_weights()
    codes = vae.encode(x.reshape(-1, 2, 3, 1).astype("float32"))
    np.testing.assert_allclose(codes, (x @ kernel + bias)[:, :3], rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(vae.decode(z).reshape(-1, 6), 1 / (1 + np.exp(-z @ weight - offset)), rtol=1e-4)


def test_inference_is_deterministic():
    """Bug 5: noise at inference."""
    vae = some()
    x = images()
    for verb in (vae.encode, vae.reconstruct):
        np.testing.assert_array_equal(verb(x), verb(x))
    np.testing.assert_array_equal(vae.sample(4), vae.sample(4))
    np.testing.assert_array_equal(vae.predict(x, verbose=0)["z"], vae.predict(x, verbose=0)["z"])
    assert vae.evaluate(x, verbose=0) == vae.evaluate(x, verbose=0)


def test_noise_comes_when_it_is_asked_for():
    vae = some()
    x = images()
    assert (vae.encode(x, sample=True) != vae.encode(x)).any()
    assert (vae.sample(4, seed=None) != vae.sample(4, seed=None)).any()
    np.testing.assert_array_equal(vae.encode(x, sample=True, seed=1), vae.encode(x, sample=True, seed=1))


def test_sample_never_calls_the_encoder(monkeypatch: pytest.MonkeyPatch):
    """Bug 5: posterior samples passed off as prior samples."""
    vae = some()

    def refuse(*_, **__):
        raise AssertionError("sample() called the encoder")

    monkeypatch.setattr(vae.encoder, "call", refuse)
    codes = vae.sample_codes(3000, seed=1)
    np.testing.assert_allclose(codes.mean(axis=0), 0, atol=0.08)
    np.testing.assert_allclose(codes.std(axis=0), 1, atol=0.08)
    np.testing.assert_array_equal(vae.sample(5, seed=1), vae.decode(vae.sample_codes(5, seed=1)))
    np.testing.assert_allclose(vae.sample_codes(5, temperature=0.5), 0.5 * vae.sample_codes(5), rtol=1e-6)


@pytest.mark.parametrize("path", ["linear", "spherical"])
def test_interpolation_ends_at_the_mean_reconstructions(path: str):
    """Bug 5."""
    vae = some()
    x = images(2)
    between = vae.interpolate(x[0], x[1], steps=7, path=path)
    assert between.shape == (7, *SHAPE)
    np.testing.assert_allclose(between[[0, -1]], vae.reconstruct(x), atol=1e-5)


def test_a_traversal_spans_the_prior():
    """Bug 11: a latent grid that spans only [-1, 1]."""
    vae = some()
    seen = []
    decode = vae.decode
    vae.decode = lambda codes, labels: seen.append(codes) or decode(codes, labels)
    rows = vae.traverse(dimensions=[2, 0])
    assert rows.shape == (2, 11, *SHAPE)
    codes = np.array(seen[0]).reshape(2, 11, 3)
    assert codes[0, 0, 2] == pytest.approx(-2.326, abs=1e-3)  # the quantile 0.01 of N(0, 1)
    assert codes[0, -1, 2] == pytest.approx(2.326, abs=1e-3)
    assert (codes[0, :, :2] == 0).all()
    assert (codes[1, :, 1:] == 0).all()


def test_validation_uses_the_objective_of_training_and_reports_the_bound_beside_it():
    """Bug 6: training and validation with different objectives."""
    vae = some(objective=ELBO(beta=7.0))
    found = vae.evaluate(images(), verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(found["reconstruction"] + 7 * found["kl"], rel=1e-5)
    assert found["elbo"] == pytest.approx(-found["reconstruction"] - found["kl"], rel=1e-5)


def test_the_schedule_follows_the_steps_of_training():
    vae = some(objective=ELBO(beta=2.0, schedule="linear", schedule_steps=4))
    betas = [vae.fit(images(4), batch_size=2, epochs=1, verbose=0).history["beta"][0] for _ in range(3)]
    np.testing.assert_allclose(betas, [0.25, 1.25, 2.0], rtol=1e-6)  # steps 0 and 1, 2 and 3, 4 and 5
    assert int(ops.convert_to_numpy(vae.step)) == 6


@pytest.mark.parametrize(
    "likelihood",
    [pytest.param(name, marks=() if name == "Gaussian" else pytest.mark.slow) for name in choices(AXES["likelihood"])],
)
def test_saving_keeps_everything(tmp_path, likelihood: str):
    vae = some(likelihood=likelihood)
    vae.fit(images(), batch_size=5, verbose=0)
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    assert json.dumps(loaded.get_config()) == json.dumps(vae.get_config())
    x = images()
    np.testing.assert_array_equal(loaded.encode(x), vae.encode(x))
    np.testing.assert_array_equal(loaded.sample(3), vae.sample(3))
    for model in (vae, loaded):  # the same future: weights, optimizer, step and noise
        model.fit(x, batch_size=5, shuffle=False, verbose=0)
    for a, b in zip(vae.variables, loaded.variables, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(a), ops.convert_to_numpy(b))


def test_sample_weights_multiply_the_loss_of_each_example():
    vae = some(network=Dense(hidden=()))
    vae.decoder.set_weights([0 * each for each in vae.decoder.get_weights()])  # each pixel is a fair coin
    x, weights = images(4), np.array([1.0, 0.0, 0.5, 3.0])
    q = {name: each.astype("float64") for name, each in vae.posterior_parameters(x).items()}
    kl = 0.5 * (q["z_mean"] ** 2 + np.exp(q["z_log_var"]) - 1 - q["z_log_var"]).sum(axis=1)
    found = vae.evaluate(x, sample_weight=weights, batch_size=4, verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx(np.mean(weights * (9 * 7 * np.log(2) + kl)), rel=1e-5)


def test_a_loss_of_its_own_is_refused():
    vae = some()
    vae.compile("adam", loss="mse")
    with pytest.raises(UserError, match="loss is its objective"):
        vae.fit(images(4), verbose=0)


def test_uint8_and_unit_floats_are_the_same_images():
    vae = some()
    x = images()
    np.testing.assert_allclose(vae.encode(x), vae.encode((x / 255.0).astype("float32")), atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"latent_dim": 0}, "latent_dim must be at least 1"),
        ({"shape": (28, 28)}, "image_shape"),
        ({"likelihood": "Bernouli"}, "Did you mean 'Bernoulli'"),
        ({"network": Conv}, "Network takes a name or an instance. Received a class"),
    ],
)
def test_mistakes_are_explained(options: dict, message: str):
    with pytest.raises(UserError, match=message):
        small_vae(**options)


def test_wrong_images_are_refused():
    vae = some()
    with pytest.raises(UserError, match=r"must have the shape \(n, 9, 7, 1\)"):
        vae.encode(images(2, (8, 8, 1)))
    with pytest.raises(UserError, match=r"codes of shape \(n, 3\)"):
        vae.decode(np.zeros((2, 4)))
    with pytest.raises(UserError, match=r"must have the shape"):
        vae.fit(images(2, (8, 8, 1)), verbose=0)
    for use in (vae.fit, vae.evaluate, vae.predict, vae.encode):
        with pytest.raises(UserError, match=r"pixels in \[0, 1\]"):
            use(images().astype("float32"))


def test_bfloat16_computes_in_bfloat16_and_gives_float32():
    if not backend.trains_in_bfloat16():
        with pytest.raises(UserError, match="AVX-512"):
            backend.precision("bfloat16")
        return
    vae = some(dtype="mixed_bfloat16")
    assert vae.encoder.layers[0].compute_dtype == "bfloat16"
    vae.fit(images(), verbose=0)
    assert vae.encode(images()).dtype == vae.sample(2).dtype == np.float32
