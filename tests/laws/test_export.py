"""Laws of the halves that are exported: the same function as the VAE, in Keras's own layers, without noise."""

import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import onnx
import pytest
from keras import layers

from latente.export import networks
from latente.export.conversion import convert
from latente.export.parity import differences, halves_of, opened
from latente.model import VAE
from latente.model.choice import choices
from latente.model.layers import Conv2DTranspose, ResidualBlock, SelfAttention
from latente.model.likelihoods import DiscretizedLogistic, Gaussian, Likelihood
from latente.model.networks import Conv, Network, ResNet
from latente.model.networks.own import Own
from latente.model.posteriors import FSQ, Posterior, VectorQuantizer

SHAPE = (10, 10, 1)  # 10, 5, 3: one size is rounded up on the way down, and cut on the way up
QUANTIZER = {"posterior": VectorQuantizer(codes=8, width=2, stages=2), "prior": "Uniform"}
MAP = Conv(filters=(4, 4), kernel_size=4, hidden=5, latents="map")
SMALL = {"Conv": Conv(filters=(4, 4), hidden=5), "ResNet": ResNet(filters=(4, 8), groups=2, attention=6)}


def down_and_up(large: object, filters: int) -> object:
    """A map ``(n, 5, 5, C)`` halved, with Latente's own layers on the way, and doubled to ``(n, 5, 5, filters)``."""
    small = ResidualBlock(groups=2)(layers.Conv2D(4, 3, strides=2, padding="same")(large))
    inner = keras.Sequential([layers.Input((3, 3, 4)), SelfAttention(groups=2), layers.Dense(6)])
    doubled = Conv2DTranspose(filters, 4, strides=2, padding="same")(inner(small))
    return layers.Cropping2D(((0, 1), (1, 0)))(doubled)


def with_skips() -> Own:
    """Two functional networks that no list of layers describes: what is before the valley is joined to what is after.

    One layer is called twice, and one half lies in another model."""
    x = layers.Input(SHAPE)
    left = layers.Conv2D(4, 3, strides=2, padding="same")(x)
    joined = layers.Concatenate()([left, down_and_up(left, 3)])
    body = keras.Model(x, layers.Dense(2, "tanh")(joined))
    encoder = keras.Model(x, layers.Dense(8)(layers.Flatten()(body(x))))
    z = layers.Input((4,))
    left = layers.Reshape((5, 5, 4))(layers.Dense(100, "relu")(z))
    twice = layers.Conv2D(4, 1)
    right = layers.Add()([twice(left), twice(down_and_up(left, 4))]) * 0.5
    wide = Conv2DTranspose(3, 4, strides=2, padding="same")(right)
    return Own(encoder, keras.Model(z, layers.Dense(1)(wide)))


CASES = {
    **{name: {"network": SMALL.get(name, name)} for name in choices(Network)},
    **{name: {"likelihood": name, "network": "Dense"} for name in choices(Likelihood)},
    "FullGaussian": {"posterior": "FullGaussian"},
    "FSQ": {"posterior": FSQ(levels=(5, 3)), "prior": "Uniform"},
    "VectorQuantizer": QUANTIZER,
    "pixel scale": {"likelihood": Gaussian(scale="pixel")},
    "classes": {"classes": 3},
    "map": {"network": MAP, "latent_dim": 18},
    "skips": {"network": with_skips()},
}
HARD = {
    "map": {**CASES["map"], **QUANTIZER},
    "FSQ": CASES["FSQ"],
    "skips": CASES["skips"],
    "other": {"posterior": "FullGaussian", "likelihood": DiscretizedLogistic(mixtures=2), "classes": 3},
}
RANDOM = {
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
    "Dropout",
}


def test_every_posterior_is_tried():
    assert set(choices(Posterior)) <= {*CASES, "DiagonalGaussian"}


def vae_of(case: dict) -> VAE:
    """With weights that are off their start, where biases are 0 and some layers the identity."""
    keras.utils.set_random_seed(0)
    vae = VAE(SHAPE, **{"latent_dim": 4, "network": SMALL["Conv"], **case})
    rng = np.random.default_rng(0)
    for variable in (v for v in vae.weights if v.dtype == "float32" and len(v.shape)):
        variable.assign(variable + rng.normal(scale=0.1, size=variable.shape))
    return vae


def inputs_of(vae: VAE) -> dict:
    rng = np.random.default_rng(1)
    labels = {"labels": np.arange(64, dtype="int32") % vae.classes} if vae.classes else {}
    images = rng.integers(0, 256, (64, *SHAPE)) / 255
    codes = rng.normal(size=(64, vae.latent_dim)).astype("float32")
    return {"encoder": {"images": images.astype("float32"), **labels}, "decoder": {"codes": codes, **labels}}


def save(vae: VAE, folder: Path) -> None:
    for half in (networks.encoder(vae), networks.decoder(vae)):
        half.save(folder / f"{half.name}.keras")


@pytest.mark.backend
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_half_computes_what_the_vae_does(case: dict, tmp_path: Path):
    vae = vae_of(case)
    save(vae, tmp_path)
    inputs = inputs_of(vae)
    for name, trained in halves_of(vae).items():
        differences(trained, opened("keras", tmp_path / f"{name}.keras"), inputs[name])  # raises above the tolerance
        with zipfile.ZipFile(tmp_path / f"{name}.keras") as file:
            config = file.read("config.json").decode()
        assert "latente" not in config
        assert {module for module in modules(json.loads(config)) if not module.startswith("keras")} <= {"builtins"}


def modules(config: object):
    """The modules that a saved model names."""
    if isinstance(config, dict):
        if isinstance(config.get("module"), str):
            yield config["module"]
        for value in config.values():
            yield from modules(value)
    elif isinstance(config, list):
        for value in config:
            yield from modules(value)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a process for each; the journey has one")
@pytest.mark.parametrize("case", HARD.values(), ids=HARD)
def test_onnx_computes_what_the_vae_does(case: dict, tmp_path: Path):
    """Constants once became inputs; integers, maps of unknown size and codebooks once failed."""
    vae = vae_of(case)
    save(vae, tmp_path)
    convert("onnx", tmp_path)
    inputs = inputs_of(vae)
    for name, trained in halves_of(vae).items():
        path = tmp_path / f"{name}.onnx"
        differences(trained, opened("onnx", path), inputs[name])
        graph = onnx.load(path).graph
        assert [node.name for node in graph.input] == list(inputs[name])
        assert not {node.op_type for node in graph.node} & RANDOM


def test_an_exported_network_is_one_model_of_keras_own_layers():
    """So that its layers are found by their names, and none is of Latente."""
    encoder, decoder = (half(VAE(SHAPE, 2, SMALL["ResNet"])) for half in (networks.encoder, networks.decoder))
    for model in (encoder, decoder):
        kinds = {type(layer) for layer in model.layers}
        assert not any(kind.__module__.startswith("latente.") for kind in kinds)
    plain = networks.encoder(VAE(SHAPE, 2, SMALL["Conv"]))
    assert [layer.name for layer in plain.layers][:2] == ["images", "conv2d"]
    assert plain.get_layer("parameters").units == 4
