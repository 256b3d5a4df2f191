"""The networks: shapes for any image, gradients for every weight, one model in every form of its latents."""

import itertools
import json

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE, backend
from latente.errors import UserError
from latente.evaluation.classifier import _network
from latente.model import AXES, choices
from latente.model.layers import SelfAttention
from latente.model.networks import Conv, Dense, Network, ResNet

pytestmark = pytest.mark.backend

TINY = {
    "Conv": lambda **options: Conv(**{"filters": (3, 4), "hidden": 6, **options}),
    "ResNet": lambda **options: ResNet(**{"filters": (4, 8), "groups": 2, "attention": 3, **options}),
    "Dense": lambda **options: Dense(hidden=(8, 6), **options),
}
ON_MAPS = [name for name in TINY if name != "Dense"]
SIZES = [(8, 8), (9, 7), (5, 12)]


def images(shape: tuple[int, ...], n: int = 4) -> np.ndarray:
    return np.random.default_rng(0).uniform(size=(n, *shape)).astype("float32")


def array(tensor) -> np.ndarray:
    return ops.convert_to_numpy(tensor)


def pixels_of_the_map(size: tuple[int, int]) -> int:
    return -(-size[0] // 4) * -(-size[1] // 4)


def test_every_network_is_tested():
    assert TINY.keys() == choices(AXES["network"]).keys()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("name", "latents"), [(name, "vector") for name in TINY] + [(name, "map") for name in ON_MAPS])
def test_both_halves_fit_any_image(name: str, latents: str, channels: int, size: tuple[int, int]):
    network = TINY[name](**({"latents": latents} if name in ON_MAPS else {}))
    shape, latent_dim = (*size, channels), 2 * pixels_of_the_map(size)
    x = images(shape)
    encoded = network.encoder(shape, 2 * latent_dim, latent_dim=latent_dim)(x)
    assert tuple(encoded.shape) == (4, 2 * latent_dim)
    assert keras.backend.standardize_dtype(encoded.dtype) == "float32"
    decoded = network.decoder(latent_dim, shape, 2 * channels)(encoded[:, :latent_dim])
    assert tuple(decoded.shape) == (4, *size, 2 * channels)
    assert np.isfinite(array(encoded)).all()
    assert np.isfinite(array(decoded)).all()


@pytest.mark.parametrize(("name", "latents"), [(name, "vector") for name in TINY] + [(name, "map") for name in ON_MAPS])
def test_every_weight_learns(name: str, latents: str):
    """Plain gradient descent moves a weight by its gradient. Behind a start at zero, the second step does."""
    network = TINY[name](**({"latents": latents, "activation": "tanh"} if name in ON_MAPS else {"activation": "tanh"}))
    keras.utils.set_random_seed(0)
    shape, latent_dim = (9, 7, 1), 12
    halves = [network.encoder(shape, latent_dim), network.decoder(latent_dim, shape, 1)]
    model = keras.Sequential(halves)
    model.compile(keras.optimizers.SGD(1e-2), loss="mse", run_eagerly=True)
    x = images(shape)
    moved: dict[str, bool] = {}
    for step in range(3):
        before = [array(w) for w in model.trainable_weights]
        model.fit(x, x, batch_size=4, epochs=1, verbose=0)
        for old, weight in zip(before, model.trainable_weights, strict=True):
            if step == 0 and not old.any() and weight.path.endswith("kernel"):
                assert (array(weight) != 0).any(), weight.path  # a kernel that starts at zero leaves it at once
            moved[weight.path] = moved.get(weight.path, False) or bool((array(weight) != old).any())
    assert [path for path, learns in moved.items() if not learns] == []


def test_a_new_block_is_the_identity_until_it_learns():
    x = images((6, 5, 8))
    keras.utils.set_random_seed(0)
    layer = SelfAttention(groups=2)
    layer.build(x.shape)
    # Built at once: scale and shift of 8 channels, queries, keys and values of them, and what leads back with its bias.
    assert layer.count_params() == 2 * 8 + 8 * 24 + 8 * 8 + 8
    np.testing.assert_array_equal(array(layer(x)), x)
    layer.output_projection.kernel.assign(np.eye(8))
    found = array(layer(x)) - x
    normalized = array(layer.normalization(x)).reshape(4, 30, 8).astype("float64")
    query, key, value = np.split(normalized @ array(layer.projection.kernel), 3, axis=-1)
    weights = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(8))
    expected = weights / weights.sum(axis=-1, keepdims=True) @ value
    np.testing.assert_allclose(found.reshape(4, 30, 8), expected, atol=1e-5)


def test_attention_is_where_the_map_is_small_enough():
    def attentions(**options) -> int:
        network = TINY["ResNet"](**options)
        halves = [network.encoder((16, 16, 1), 4), network.decoder(4, (16, 16, 1), 1)]
        return sum(isinstance(layer, SelfAttention) for half in halves for layer in half.layers)

    # The maps are 8 and 4 pixels wide.
    assert [attentions(attention=3), attentions(attention=4), attentions(attention=8, blocks=2)] == [0, 2, 8]


@pytest.mark.parametrize("name", ON_MAPS)
def test_a_latent_on_the_map_sees_and_paints_its_own_part_of_the_image(name: str):
    """Each parameter of q has the order of the code: what the mean's place is, its variance's is too."""
    network = TINY[name](latents="map", **({"attention": 0} if name == "ResNet" else {}))
    keras.utils.set_random_seed(0)
    shape, each, maps = (32, 24, 1), 3, (8, 6)
    latent_dim = each * maps[0] * maps[1]
    encoder = network.encoder(shape, 2 * latent_dim, latent_dim=latent_dim)
    before = keras.Model(encoder.inputs[0], encoder.get_layer("parameters").output)  # (batch, 8, 6, 2 * each)
    x = images(shape)
    found, on_map = array(encoder(x)).reshape(4, 2, *maps, each), array(before(x))
    for parameter in range(2):
        np.testing.assert_array_equal(found[:, parameter], on_map[..., parameter * each : (parameter + 1) * each])
    decoder = network.decoder(latent_dim, shape, 1)
    code = np.zeros((2, *maps, each), "float32")
    code[1, 0, 0] = 5.0
    still, changed = array(decoder(code.reshape(2, -1)))[..., 0]
    difference = np.abs(changed - still)
    assert difference[:8, :8].max() > 1e-4
    if name == "Conv":  # group normalization lets a ResNet's pixels know of each other's scale
        assert difference[16:].max() < 1e-6


@pytest.mark.parametrize(
    ("latent_dim", "proposal"), [(13, "take 12 or 18"), (5, "take 6."), (12, None)], ids=["above", "below", "valid"]
)
@pytest.mark.parametrize("name", ON_MAPS)
def test_a_map_needs_latents_for_all_of_its_pixels(name: str, latent_dim: int, proposal: str | None):
    network = TINY[name](latents="map")
    build = lambda: VAE((9, 7, 1), latent_dim, network=network)  # noqa: E731  # a map of 3 x 2 pixels
    if proposal is None:
        assert build().sample(1).shape == (1, 9, 7, 1)
        return
    with pytest.raises(UserError, match=rf"multiple of 3 x 2 = 6, .* Received {latent_dim}: {proposal}"):
        build()


@pytest.mark.parametrize(("name", "latents"), [("Conv", "vector"), ("ResNet", "map")])
def test_saving_keeps_the_network(name: str, latents: str, tmp_path):
    vae = VAE((9, 7, 1), 6, network=TINY[name](latents=latents))
    vae.save(tmp_path / "vae.keras")
    loaded = keras.saving.load_model(tmp_path / "vae.keras")
    assert json.dumps(loaded.network.get_config()) == json.dumps(vae.network.get_config())
    x = images((9, 7, 1))
    np.testing.assert_array_equal(loaded.reconstruct(x), vae.reconstruct(x))
    vae.encoder.save(tmp_path / "encoder.keras")
    alone = keras.saving.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(array(alone(x)), array(vae.encoder(x)))


@pytest.mark.skipif(not backend.trains_in_bfloat16(), reason="bfloat16 needs AVX-512 here")
@pytest.mark.parametrize(("name", "latents"), [*itertools.product(ON_MAPS, ["vector", "map"])], ids=str)
def test_bfloat16_stops_at_the_parameters(name: str, latents: str):
    vae = VAE((9, 7, 1), 6, network=TINY[name](latents=latents), dtype="mixed_bfloat16")
    vae.compile("adam", run_eagerly=True)
    assert np.isfinite(vae.fit(images((9, 7, 1)), verbose=0).history["loss"]).all()
    assert {layer.compute_dtype for layer in vae.encoder.layers} == {"bfloat16", "float32"}
    assert vae.encoder.get_layer("parameters").compute_dtype == vae.encoder.layers[-1].compute_dtype == "float32"
    assert vae.decoder.layers[-1].compute_dtype == "bfloat16"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ResNet(filters=(8, 12)), r"multiples of groups. Received filters \(8, 12\) and groups 8"),
        (lambda: ResNet(blocks=0), "blocks of at least 1"),
        (lambda: ResNet(filters=()), "ResNet needs at least one number of filters"),
        (lambda: Conv(filters=(0,)), "Conv needs at least one number of filters"),
        (lambda: Conv(latents="grid"), "latents must be vector or map"),
        (lambda: Conv(kernel_size=1), "kernel_size of at least 2"),
    ],
)
def test_mistakes_are_explained(make, message: str):
    with pytest.raises(UserError, match=message):
        make()


def test_the_axis_is_abstract():
    assert "FeatureMaps" not in choices(Network)


@pytest.fixture
def channels_first():
    """Keras's global image format as some users set it."""
    before = keras.config.image_data_format()
    yield lambda: keras.config.set_image_data_format("channels_first")
    keras.config.set_image_data_format(before)


def layers_of(model: keras.Model):
    return [layer for layer in model._flatten_layers() if not isinstance(layer, keras.layers.InputLayer)]


@pytest.mark.parametrize(("name", "latents"), [(name, "vector") for name in TINY] + [(name, "map") for name in ON_MAPS])
def test_the_global_image_format_changes_nothing(name: str, latents: str, channels_first, tmp_path):
    """Flattened in another order, images once trained at a loss of 45,241 where 177 is right."""
    options = {"latents": latents} if name in ON_MAPS else {}
    shape, x = (9, 7, 2), images((9, 7, 2))
    vae = VAE(shape, 6, network=TINY[name](**options))
    vae.save(tmp_path / "vae.keras")
    expected = vae.posterior_parameters(x), vae.sample(2)
    channels_first()
    other, loaded = VAE(shape, 6, network=TINY[name](**options)), keras.saving.load_model(tmp_path / "vae.keras")
    other.set_weights(vae.get_weights())
    for model in (vae, other, loaded):
        for key, value in model.posterior_parameters(x).items():
            np.testing.assert_allclose(value, expected[0][key], atol=1e-6)
        np.testing.assert_allclose(model.sample(2), expected[1], atol=1e-6)
    formats = [layer.data_format for layer in layers_of(other) if hasattr(layer, "data_format")]
    assert formats
    assert set(formats) == {"channels_last"}


def test_the_classifier_has_its_own_image_format_too(channels_first):
    channels_first()
    formats = [layer.data_format for layer in layers_of(_network((9, 7, 2), 3)) if hasattr(layer, "data_format")]
    assert formats
    assert set(formats) == {"channels_last"}
