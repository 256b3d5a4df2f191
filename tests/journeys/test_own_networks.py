"""The user's own Keras models as the two networks, from VAE(encoder=..., decoder=...) to a run and its commands."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

import latente
from latente import VAE, UserError, backend, cli
from latente.evaluation import elbo_terms
from latente.model import AXES, choices
from latente.model.networks import Network

SHAPE, LATENT_DIM = (8, 8, 1), 2


def images(n: int = 10, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *shape), dtype=np.uint8)


def encoder(units: int = 4, shape: tuple[int, ...] = SHAPE) -> keras.Sequential:
    return keras.Sequential(
        [layers.Input(shape), layers.Flatten(), layers.Dense(6, activation="tanh"), layers.Dense(units)]
    )


def decoder(width: int = 2, shape: tuple[int, ...] = SHAPE, activation: str | None = None) -> keras.Sequential:
    pixels = layers.Dense(int(np.prod(shape)), activation=activation)
    return keras.Sequential([layers.Input((width,)), layers.Dense(6, "relu"), pixels, layers.Reshape(shape)])


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    """Knows its shapes when it is first called."""

    def __init__(self, units: int, shape: tuple[int, ...], **kwargs):
        super().__init__(**kwargs)
        self.units, self.target = units, tuple(shape)
        self.flatten, self.dense, self.reshape = layers.Flatten(), layers.Dense(units), layers.Reshape(self.target)

    def get_config(self):
        return {**super().get_config(), "units": self.units, "shape": self.target}

    def call(self, x):
        return self.reshape(self.dense(self.flatten(x)))


class Unregistered(layers.Layer):
    def call(self, x):
        return x


def parts(form: Callable[..., object]) -> keras.Model:
    """An encoder of three outputs, as Keras's own example of a VAE has them, in any form."""
    x = layers.Input(SHAPE)
    flat = layers.Flatten()(x)
    mean, log_var = layers.Dense(2, name="mean")(flat), layers.Dense(2, name="log_var")(flat)
    return keras.Model(x, form(mean, log_var, layers.Add()([mean, log_var])))


def in_a_dictionary() -> keras.Model:
    """A functional model made with a dictionary of its one input."""
    x = layers.Input(SHAPE, name="pixels")
    return keras.Model({"pixels": x}, layers.Dense(4)(layers.Flatten()(x)))


FORMS = {
    "sequential": (encoder, decoder),
    "subclassed": (lambda: Subclassed(4, (4,)), lambda: Subclassed(64, SHAPE)),
    "layers": (
        lambda: layers.Pipeline([layers.Flatten(), layers.Dense(4)]),
        lambda: layers.Pipeline([layers.Dense(64), layers.Reshape(SHAPE)]),
    ),
    "pair": (lambda: parts(lambda mean, log_var, z: (mean, log_var)), decoder),
    "triple": (lambda: parts(lambda mean, log_var, z: [mean, log_var, z]), decoder),
    "fed by name": (in_a_dictionary, decoder),
    "named": (lambda: parts(lambda mean, log_var, z: {"z_log_var": log_var, "z_mean": mean}), decoder),
}


@pytest.mark.backend
@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_model_trains_is_used_and_comes_back_from_its_file(form: str, tmp_path: Path):
    keras.utils.set_random_seed(0)
    make_encoder, make_decoder = FORMS[form]
    vae = VAE(SHAPE, LATENT_DIM, encoder=make_encoder(), decoder=make_decoder())
    vae.compile("adam", run_eagerly=True)
    x = images()
    assert np.isfinite(vae.fit(x, verbose=0).history["loss"]).all()
    assert vae.encode(x).shape == (10, 2)
    assert vae.reconstruct(x).shape == (10, *SHAPE)
    assert vae.interpolate(x[0], x[1], steps=3).shape == (3, *SHAPE)
    assert vae.traverse().shape == (2, 11, *SHAPE)
    vae.save(tmp_path / "vae.keras")
    vae.save_weights(tmp_path / "vae.weights.h5")
    loaded = latente.load(tmp_path / "vae.keras")
    other = VAE(SHAPE, LATENT_DIM, encoder=make_encoder(), decoder=make_decoder())
    other.load_weights(tmp_path / "vae.weights.h5")
    for model in (loaded, other):
        np.testing.assert_array_equal(model.encode(x), vae.encode(x))
        np.testing.assert_array_equal(model.sample(3), vae.sample(3))


@pytest.mark.backend
def test_the_models_say_the_shapes_and_keep_their_weights():
    own_encoder, own_decoder = encoder(), decoder()
    vae = VAE(encoder=own_encoder, decoder=own_decoder)
    assert (vae.image_shape, vae.latent_dim) == (SHAPE, LATENT_DIM)
    x = images()
    expected = ops.convert_to_numpy(own_encoder(x / np.float32(255)))
    found = vae.posterior_parameters(x)
    np.testing.assert_allclose(np.concatenate([found["z_mean"], found["z_log_var"]], axis=1), expected, atol=1e-6)
    own_decoder.trainable = False
    assert len(vae.trainable_variables) == len(own_encoder.trainable_variables) == 4
    assert vae.count_params() == own_encoder.count_params() + own_decoder.count_params() + 2  # step and images


def dropping(numbers: Sequence[float], *before: layers.Layer) -> keras.Sequential:
    """Gives these numbers whatever it sees; in training each of them is zero or twice as large, by chance."""
    dense = layers.Dense(len(numbers), kernel_initializer="zeros")
    model = keras.Sequential([*before, dense, layers.Dropout(0.5)])
    dense.bias.assign(numbers)
    return model


@pytest.mark.backend
def test_dropout_drops_in_training_and_never_else():
    """The KL of N(3, 1) in two dimensions is 9; that of N(0, 1) or N(6, 1) is 0 or 18 for each.

    A pixel of 1/2 is its mean; from 0 or 1 it is five standard deviations away, which costs 25 / 2 nats.
    """
    own_encoder = dropping([3, 3, 0, 0], layers.Input(SHAPE), layers.Flatten())
    own_decoder = dropping([0.5] * 64, layers.Input((2,)))
    own_decoder.add(layers.Reshape(SHAPE))
    vae = VAE(encoder=own_encoder, decoder=own_decoder, likelihood="Gaussian")  # of standard deviation 0.1
    vae.compile(keras.optimizers.SGD(0.0), jit_compile=backend.jit_compile())
    x, codes = np.full((400, *SHAPE), 0.5, "float32"), np.zeros((400, 2))
    at_rest = 64 * np.log(0.1 * np.sqrt(2 * np.pi))
    for means in (vae.encode(x), vae.predict(x, 400, verbose=0)["z_mean"], ops.convert_to_numpy(vae(x)["z_mean"])):
        np.testing.assert_allclose(means, np.full((400, 2), 3))
    for pictures in (vae.decode(codes), vae.reconstruct(x), vae.sample(400)):
        np.testing.assert_allclose(pictures, x)
    np.testing.assert_allclose(vae.reconstruction(x, codes), np.full(400, at_rest), rtol=1e-5)
    np.testing.assert_allclose(elbo_terms(vae, x).reconstruction, np.full(400, at_rest), rtol=1e-5)
    logs = vae.evaluate(x, batch_size=400, verbose=0, return_dict=True)
    assert (logs["kl"], logs["reconstruction"]) == pytest.approx((9, at_rest), rel=1e-5)
    trained = {name: values[0] for name, values in vae.fit(x, batch_size=400, verbose=0).history.items()}
    assert trained["kl"] == pytest.approx(18, abs=6 * np.sqrt(2 * 9**2 / 400))
    assert trained["reconstruction"] == pytest.approx(at_rest + 64 * 25 / 2, rel=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("form", ["pair", "named"])
def test_the_mean_comes_first_in_every_form(form: str):
    model = FORMS[form][0]()
    vae = VAE(encoder=model, decoder=decoder())
    z_mean = keras.Model(model.input, model.get_layer("mean").output)
    expected = ops.convert_to_numpy(z_mean(images() / np.float32(255)))
    np.testing.assert_allclose(vae.encode(images()), expected, atol=1e-6)


@pytest.mark.backend
def test_a_conditional_vae_has_planes_and_numbers_of_the_classes_beside():
    vae = VAE(encoder=encoder(4, (8, 8, 4)), decoder=decoder(5), classes=3)
    assert (vae.image_shape, vae.latent_dim) == (SHAPE, LATENT_DIM)
    vae.compile("adam", run_eagerly=True)
    labels = np.arange(10) % 3
    vae.fit({"images": images(), "labels": labels}, verbose=0)
    assert vae.reconstruct(images(), labels=labels).shape == (10, *SHAPE)
    assert (vae.sample(1, labels=0) != vae.sample(1, labels=1)).any()


@pytest.mark.backend
@pytest.mark.parametrize("policy", ["float16", "mixed_bfloat16"])
@pytest.mark.skipif(not backend.trains_in_bfloat16(), reason="bfloat16 needs AVX-512 here")
def test_another_dtype_policy_stays_and_the_parameters_are_float32(policy: str):
    half = keras.Sequential([layers.Input(SHAPE), layers.Flatten(dtype=policy), layers.Dense(4, dtype=policy)])
    other = keras.Sequential([layers.Input((2,)), layers.Dense(64, dtype=policy), layers.Reshape(SHAPE, dtype=policy)])
    vae = VAE(encoder=half, decoder=other)
    assert half.layers[-1].dtype_policy.name == policy
    q = vae.inference(ops.convert_to_tensor(images() / np.float32(255)))
    assert {keras.backend.standardize_dtype(value.dtype) for value in q.values()} == {"float32"}
    assert keras.backend.standardize_dtype(vae.generative(ops.zeros((2, 2))).dtype) == "float32"


def test_a_summary_shows_their_shapes(capsys: pytest.CaptureFixture[str]):
    VAE(SHAPE, LATENT_DIM, encoder=FORMS["subclassed"][0](), decoder=decoder()).summary(line_length=80)
    shown = capsys.readouterr().out
    assert "?" not in shown
    assert "(Subclassed)" in shown
    assert "(None, 4)" in shown


@pytest.mark.backend
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"encoder": encoder(5)},
            r"must give the 4 numbers .* one tensor \(n, 4\), or .* Received \(n, 5\) for images",
        ),
        ({"encoder": parts(lambda mean, log_var, z: [mean])}, r"Received \(n, 2\) for images \(n, 8, 8, 1\)"),
        ({"encoder": parts(lambda mean, log_var, z: {"m": mean, "v": log_var})}, "must have z_mean and z_log_var"),
        ({"image_shape": (9, 8, 1)}, r"must take images \(n, 9, 8, 1\). Received one that takes \(n, 8, 8, 1\)"),
        ({"latent_dim": 3}, r"must give the 6 numbers .* \(n, 3\) each. Received \(n, 4\)"),
        ({"latent_dim": 3, "encoder": encoder(6)}, r"must take codes \(n, 3\). Received one that takes \(n, 2\)"),
        ({"decoder": decoder(3)}, r"must give the 6 numbers .* Received \(n, 4\)"),
        (
            {"decoder": decoder(2, (4, 8, 1))},
            r"for each pixel, \(n, 8, 8, 1\). Received \(n, 4, 8, 1\) for codes \(n, 2\)",
        ),
        ({"likelihood": "DiscretizedLogistic"}, r"\(n, 8, 8, 15\). Received \(n, 8, 8, 1\)"),
        ({"encoder": lambda x: x}, "two Keras models or layers.* Received function for encoder"),
        ({"decoder": None}, "Received none for decoder"),
        ({"network": "Dense"}, "Give encoder and decoder, or a network. Received both, and network 'Dense'"),
        ({"encoder": layers.Dense(4)}, "needs image_shape where the encoder does not say it"),
        ({"encoder": layers.Dense(4), "image_shape": SHAPE}, r"Received \(n, 8, 8, 4\) for images"),
        ({"encoder": keras.Sequential([layers.Dense(4)])}, "was not built for a shape: give image_shape"),
        ({"classes": 1}, "at least 1. Received"),
    ],
)
def test_what_does_not_fit_is_refused_with_both_shapes(options: dict, message: str):
    with pytest.raises(UserError, match=message):
        VAE(**{"encoder": encoder(), "decoder": decoder(), **options})


@pytest.mark.backend
@pytest.mark.parametrize("activation", ["sigmoid", "hard_sigmoid", "relu", "softplus", "tanh"])
def test_a_decoder_that_ends_in_an_activation_is_refused_where_logits_are_asked_for(activation: str):
    keras.utils.set_random_seed(0)
    halves = {"encoder": encoder(), "decoder": decoder(activation=activation)}
    with pytest.raises(UserError, match="leave out its last activation, which the likelihood applies itself"):
        VAE(**halves)
    assert VAE(**halves, likelihood="Gaussian").sample(1).shape == (1, *SHAPE)  # whose mean may well lie in [0, 1]


@pytest.mark.backend
def test_a_decoder_whose_last_weights_start_at_zero_is_none_of_these():
    last = layers.Conv2D(1, 3, padding="same", kernel_initializer="zeros")
    stack = [layers.Input((2,)), layers.Dense(64, "relu"), layers.Reshape(SHAPE), last]
    assert VAE(encoder=encoder(), decoder=keras.Sequential(stack)).sample(1).shape == (1, *SHAPE)


def test_what_keras_cannot_write_or_rebuild_is_told_in_a_sentence(tmp_path: Path):
    unknown = keras.Sequential([*encoder().layers, Unregistered()])
    vae = VAE(SHAPE, encoder=unknown, decoder=decoder())
    vae.save(tmp_path / "vae.keras")
    with pytest.raises(UserError, match="Could not locate class 'Unregistered'. Decorate its classes"):
        latente.load(tmp_path / "vae.keras")
    with keras.saving.custom_object_scope({"Unregistered": Unregistered}):
        np.testing.assert_array_equal(latente.load(tmp_path / "vae.keras").encode(images()), vae.encode(images()))
    with pytest.raises(UserError, match="cannot rebuild: Could not locate class 'Unregistered'"):
        latente.train("digits", tmp_path / "run", progress=False, encoder=unknown, decoder=decoder())
    assert not (tmp_path / "run").exists()


def test_no_name_makes_them():
    assert "Own" not in choices(Network)
    with pytest.raises(UserError, match="Network must be one of .* Received 'Own'"):
        VAE(SHAPE, network="Own")
    with pytest.raises(UserError, match="Own networks are two Keras models"):
        latente.training.resolve({"data": "digits", "network": "Own"})
    assert "Own" not in {name for base in AXES.values() for name in choices(base)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> latente.Run:
    halves = {"encoder": encoder(4, (12, 12, 1)), "decoder": decoder(2, (12, 12, 1))}
    path = tmp_path_factory.mktemp("runs") / "own"
    return latente.train("digits", path, progress=False, epochs=2, precision="float32", **halves)


def test_a_run_keeps_what_rebuilds_them(run: latente.Run, tmp_path: Path):
    config = json.loads((run.path / "config.json").read_text())
    assert config["network"]["name"] == "Own"
    assert config["network"]["decoder"]["class_name"] == "Sequential"
    assert config["latent_dim"] == run.model().latent_dim == 2
    again = latente.training.resolve(latente.training.read_file(run.path / "config.json"))
    assert json.loads(json.dumps(again)) == config
    with pytest.raises(UserError, match="finished after 2 epochs"):
        latente.resume(run, progress=False)


@pytest.mark.parametrize(
    "command",
    [
        ["sample"],
        ["reconstruct"],
        ["interpolate", "--from", "3", "--to", "17"],
        ["traverse"],
        ["diagnose"],
        ["evaluate"],
        ["report"],
        ["export", "--format", "keras"],
    ],
    ids=" ".join,
)
def test_the_commands_know_them(run: latente.Run, command: list[str], here: Path):
    assert cli.main([command[0], str(run.path), *command[1:]]) == 0


def test_training_begins_with_the_weights_that_they_have_and_goes_on_with_them(tmp_path: Path, monkeypatch):
    """Interrupted in its first epoch, a run once had nothing to begin from again but a seed."""
    from latente.training import trainer

    halves = {"encoder": encoder(4, (12, 12, 1)), "decoder": decoder(2, (12, 12, 1))}
    given = [np.array(weight) for half in halves.values() for weight in half.get_weights()]

    def stop(*_, **__):
        raise KeyboardInterrupt

    fit = trainer._fit
    monkeypatch.setattr(trainer, "_fit", stop)
    with pytest.raises(KeyboardInterrupt):
        latente.train("digits", tmp_path / "run", progress=False, epochs=1, **halves)
    begun = []
    monkeypatch.setattr(
        trainer, "_fit", lambda run, vae, *rest: begun.append(vae.get_weights()) or fit(run, vae, *rest)
    )
    assert not latente.Run(tmp_path / "run").trained
    run = latente.resume(tmp_path / "run", progress=False)
    kept = [weight for weight in begun[0] if weight.dtype == np.float32 and weight.ndim]
    for old, new in zip(given, kept, strict=True):
        np.testing.assert_array_equal(new, old)
    assert len(run.log) == 1


def test_images_of_another_shape_are_refused_before_a_run_is_made(tmp_path: Path):
    with pytest.raises(UserError, match=r"must take images \(n, 12, 12, 1\). Received one that takes \(n, 8, 8, 1\)"):
        latente.train("digits", tmp_path / "run", progress=False, encoder=encoder(), decoder=decoder())
    assert not (tmp_path / "run").exists()


def test_a_choice_itself_is_an_option_of_train():
    from latente.model.likelihoods import Gaussian
    from latente.model.networks import Dense

    asked = {"data": "digits", "network": Dense(hidden=(3,)), "likelihood": Gaussian(std=0.25)}
    config = latente.training.resolve(asked)
    assert config["network"] == {"name": "Dense", "hidden": (3,), "activation": "relu"}
    assert config["likelihood"] == {"name": "Gaussian", "std": 0.25, "scale": "fixed"}


def test_what_the_library_raises_has_a_name():
    assert latente.UserError is latente.errors.UserError
    with pytest.raises(latente.UserError):
        latente.train("no-such-data")
