"""What each precision means: which numbers may be rounded, and where float32 is multiplied in full."""

import itertools
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import latente
from latente import VAE, backend
from latente.backend import multiplying, trains_in_bfloat16
from latente.errors import UserError
from latente.evaluation.bounds import elbo_terms
from latente.evaluation.importance import log_likelihood
from latente.model import AXES, choices
from latente.model.compatibility import check_compatible
from latente.model.networks import Conv, Dense, ResNet
from latente.model.objectives import FactorVAE
from latente.model.posteriors import FSQ, VectorQuantizer
from latente.model.priors import Autoregressive, Flow
from latente.training import trainer

pytestmark = pytest.mark.backend

SHAPE, LATENT_DIM = (8, 8, 1), 16
TINY = {
    "Conv": lambda: Conv(filters=(3, 4), hidden=6),
    "Dense": lambda: Dense(hidden=(8, 6)),
    "ResNet": lambda: ResNet(filters=(4, 4), groups=2),
}
DTYPES = {"float32": "float32", "tf32": "float32", "bfloat16": "mixed_bfloat16"}
# On a CPU tf32 is float32, in which the combinations of choices train every day.
IN_TURN = pytest.mark.parametrize(
    "precision", [pytest.param(name, marks=() if name == "bfloat16" else pytest.mark.slow) for name in DTYPES]
)
EVERY = [(axis, name) for axis, kind in AXES.items() for name in choices(kind)]


def array(tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def images(n: int = 6) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *SHAPE), dtype=np.uint8)


def with_choice(axis: str, name: str) -> dict:
    """Names or instances for each axis that hold the choice, and defaults as far as they go with it."""
    axes = {"posterior": "DiagonalGaussian", "prior": "StandardNormal", "objective": "ELBO"}
    for names in itertools.product(*([default, *choices(AXES[each])] for each, default in axes.items())):
        found = {"network": "Dense", "likelihood": "Bernoulli"} | dict(zip(axes, names, strict=True))
        if axis in axes and found[axis] != name:
            continue
        try:
            check_compatible(*(choices(AXES[each])[found[each]]() for each in axes))
        except UserError:
            continue
        found[axis] = name
        return found | {"network": TINY[found["network"]]()}
    raise AssertionError(f"{name} goes with nothing")


def made(precision: str, **chosen) -> VAE:
    if precision == "bfloat16" and not trains_in_bfloat16():
        pytest.skip("no bfloat16 on this backend and processor")
    keras.utils.set_random_seed(0)
    vae = VAE(SHAPE, LATENT_DIM, dtype=DTYPES[precision], **chosen)
    vae.tf32 = precision == "tf32"
    vae.compile(keras.optimizers.SGD(1e-4), run_eagerly=True)
    return vae


@IN_TURN
@pytest.mark.parametrize(("axis", "name"), EVERY)
def test_every_choice_trains_evaluates_and_loads(axis: str, name: str, precision: str, tmp_path: Path):
    vae, x = made(precision, **with_choice(axis, name)), images()
    assert np.isfinite(vae.fit(x, batch_size=6, verbose=0).history["loss"]).all()
    assert {keras.backend.standardize_dtype(value.dtype) for value in vae(x).values()} <= {"float32", "int32"}
    assert {keras.backend.standardize_dtype(weight.dtype) for weight in vae.trainable_variables} == {"float32"}
    elbo = vae.evaluate(x, verbose=0, return_dict=True)["elbo"]
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    loaded.compile(run_eagerly=True)
    assert loaded.evaluate(x, verbose=0, return_dict=True)["elbo"] == pytest.approx(elbo, rel=1e-5)
    assert np.isfinite(loaded.sample(2)).all()
    if precision == "bfloat16":  # a run's model is used in float32
        exact = made("float32", **with_choice(axis, name))
        exact.load_weights(tmp_path / "vae.keras")
        assert exact.evaluate(x, verbose=0, return_dict=True)["elbo"] == pytest.approx(elbo, rel=0.03)


@pytest.mark.parametrize("quantizer", [VectorQuantizer(codes=5, width=4, stages=2), FSQ()], ids=["VQ", "FSQ"])
def test_training_in_bfloat16_quantizes_with_the_codes_that_are_used(quantizer):
    quantizer = type(quantizer).from_config(quantizer.get_config())
    vae = made("bfloat16", network=Dense(hidden=(8,)), posterior=quantizer, prior="Uniform")
    vae.fit(images(), batch_size=6, verbose=0)
    q = vae(images(), training=True)
    np.testing.assert_array_equal(array(q["indices"]), array(vae.posterior.indices_of(q["encoded"])))
    np.testing.assert_allclose(array(q["z"]), array(vae.posterior.codes_of(q["indices"])), atol=1e-6)


def test_training_in_bfloat16_takes_the_nearest_code():
    """PyTorch measured the distance to a codebook rounded to 8 bits, and logged the figures of that quantizer."""
    vae = made("bfloat16", network=Dense(hidden=(8,)), posterior=VectorQuantizer(codes=50, width=4), prior="Uniform")
    vae.posterior.codebooks.assign(1 + vae.posterior.codebooks / 1e3)  # no two of them differ in 8 bits
    q = vae(images(200), training=True)
    encoded = array(q["encoded"]).reshape(-1, 1, 4).astype("float64")
    distance = np.linalg.norm(encoded - array(vae.posterior.codebooks)[0], axis=-1)
    chosen = np.take_along_axis(distance, array(q["indices"]).reshape(-1, 1), axis=1)[:, 0]
    np.testing.assert_allclose(chosen, distance.min(axis=1), atol=1e-5)
    np.testing.assert_allclose(
        array(q["z"]), array(vae.posterior.codebooks)[0][array(q["indices"])].reshape(200, LATENT_DIM), atol=1e-6
    )


@pytest.mark.parametrize(
    "chosen",
    [{"objective": FactorVAE()}, {"prior": Flow()}, {"prior": Autoregressive(), "posterior": VectorQuantizer()}],
    ids=lambda chosen: "-".join(chosen),
)
def test_priors_and_objectives_stay_in_float32_whatever_the_global_policy(chosen: dict):
    chosen = {axis: type(choice).from_config(choice.get_config()) for axis, choice in chosen.items()}
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        vae = VAE(SHAPE, LATENT_DIM, Dense(hidden=(8,)), **chosen)
        assert keras.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        keras.config.set_dtype_policy("float32")
    assert vae.decoder.layers[0].compute_dtype == "bfloat16"
    for choice in (vae.prior, vae.posterior, vae.objective, vae.likelihood):
        assert {layer.compute_dtype for layer in choice._flatten_layers()} == {"float32"}


def setting() -> object:
    """How the backend multiplies float32 at this moment."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.config.jax_default_matmul_precision
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.config.experimental.tensor_float_32_execution_enabled()
    import torch

    return torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision


FULL = {"jax": "float32", "tensorflow": False, "torch": ("ieee", "ieee")}[keras.backend.backend()]
TF32 = {"jax": "tensorfloat32", "tensorflow": True, "torch": ("tf32", "tf32")}[keras.backend.backend()]


@pytest.fixture
def spied(monkeypatch: pytest.MonkeyPatch) -> tuple[VAE, list]:
    """A model, and the settings under which its networks were called."""
    vae, seen = made("float32", network=Dense(hidden=(8,)), prior="Flow"), []

    def spying(call: Callable) -> Callable:
        def spy(*args, **kwargs):
            seen.append(setting())
            return call(*args, **kwargs)

        return spy

    for network in (vae.encoder, vae.decoder, vae.prior.networks[0]):
        monkeypatch.setattr(network, "call", spying(network.call))
    return vae, seen


USES = {
    "fit": lambda vae: vae.fit(images(), verbose=0),
    "evaluate": lambda vae: vae.evaluate(images(), verbose=0),
    "predict": lambda vae: vae.predict(images(), verbose=0),
    "encode": lambda vae: vae.encode(images(), sample=True),
    "decode": lambda vae: vae.decode(np.zeros((2, LATENT_DIM))),
    "sample": lambda vae: vae.sample(2),
    "interpolate": lambda vae: vae.interpolate(*images(2)),
    "elbo_terms": lambda vae: elbo_terms(vae, images()),
    "log_likelihood": lambda vae: log_likelihood(vae, images(), samples=2),
}


@pytest.mark.parametrize("use", USES)
def test_float32_is_multiplied_in_full_and_the_setting_is_the_users_again(use: str, spied: tuple[VAE, list]):
    """On a GPU, JAX and TensorFlow round the factors to 10 bits unless told not to, PyTorch in convolutions."""
    vae, seen = spied
    before = setting()
    USES[use](vae)
    assert set(seen) == {FULL}
    assert setting() == before != FULL


def test_tf32_trains_in_tf32_and_validates_in_full(spied: tuple[VAE, list]):
    vae, seen = spied
    vae.tf32, before = True, setting()
    vae.fit(images(), verbose=0)
    assert set(seen) == {TF32}
    seen.clear()
    vae.evaluate(images(), verbose=0)
    assert set(seen) == {FULL}
    seen.clear()
    vae.fit(images(), validation_data=(images(),), verbose=0)
    assert list(dict.fromkeys(seen)) == [TF32, FULL]
    assert setting() == before


def test_a_failure_leaves_the_setting_as_it_was():
    before = setting()
    with pytest.raises(ZeroDivisionError), multiplying("float32"):
        assert setting() == FULL
        with multiplying("tf32"):
            assert setting() == TF32
            raise ZeroDivisionError
    assert setting() == before


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX writes the precision into its programs")
def test_the_products_of_a_compiled_function_are_full_on_jax():
    import jax

    def products(x, kernel, matrix):
        return ops.matmul(ops.reshape(ops.conv(x, kernel, padding="same"), (-1, 16)), matrix)

    graph = backend.compiled(products)
    shapes = np.ones((2, 4, 4, 1), "float32"), np.ones((3, 3, 1, 1), "float32"), np.ones((16, 2), "float32")
    text = str(jax.make_jaxpr(graph)(*shapes))
    assert text.count("HIGHEST") >= 2
    assert "dot_general" in text and "conv_general_dilated" in text


@IN_TURN
def test_a_run_of_a_quantizer_trains_in_each_precision(precision: str, tmp_path: Path):
    """`latente train DATA --config vq-vae` crashed wherever auto is bfloat16, and left its folder."""
    if precision == "bfloat16" and not trains_in_bfloat16():
        pytest.skip("no bfloat16 on this backend and processor")
    options = {"posterior": "VectorQuantizer", "prior": "Uniform", "network": "Dense", "latent_dim": 16}
    run = latente.train("digits", tmp_path / "run", False, precision=precision, epochs=1, **options, **QUICK)
    assert run.environment["precision"] == precision
    vae = run.model()
    vae.compile()
    found = vae.evaluate(np.asarray(run.data().validation.images), verbose=0, return_dict=True)
    assert found["elbo"] == pytest.approx(run.log[-1]["val_elbo"], rel=0.01)


QUICK = {"batch_size": 256, "network.hidden": (16,), "training.pictures_every": 0}


def test_a_training_that_crashes_before_its_first_checkpoint_leaves_nothing(tmp_path: Path, monkeypatch):
    def crash(batches):
        raise ZeroDivisionError

    monkeypatch.setattr(trainer, "feed", crash)
    with pytest.raises(ZeroDivisionError):
        latente.train("digits", tmp_path / "runs" / "one", False, network="Dense", **QUICK)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="only TensorFlow asks the processor alone")
@pytest.mark.parametrize(
    ("allowed", "takes"), [("AVX2", False), ("AVX", False), ("AVX512_CORE_BF16", True), ("", True)]
)
def test_bfloat16_is_taken_where_onednn_may_use_the_processor(
    allowed: str, takes: bool, monkeypatch: pytest.MonkeyPatch
):
    """With AVX-512 in the processor and out of bounds for oneDNN, a product in bfloat16 aborts the process."""
    monkeypatch.setattr("latente.backend.has_accelerator", lambda: False)
    monkeypatch.setattr("latente.backend._cpu_flags", lambda: {"avx512f", "avx512_bf16"})
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", allowed)
    assert backend.precision("auto") == ("bfloat16" if takes else "float32")
    if takes:
        assert backend.precision("bfloat16") == "bfloat16"
        return
    with pytest.raises(UserError, match="oneDNN may use"):
        backend.precision("bfloat16")
    vae = VAE((8, 8, 1), 2, network="Dense", dtype="mixed_bfloat16")
    vae.compile("adam")
    with pytest.raises(UserError, match="oneDNN may use"):
        vae.fit(np.zeros((4, 8, 8, 1), "uint8"), verbose=0)
