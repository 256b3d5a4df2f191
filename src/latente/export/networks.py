"""The two halves of a trained VAE as plain Keras models, without noise and without a class of Latente's.

What is called on a symbolic tensor leaves Keras's own layers and operations behind. So the posterior, the likelihood
and the layers of Latente's need no second form for export, and the files need no Latente. The networks may be any Keras
models; a layer or a subclassed model of the user's stays whole, and its file asks for that class.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from latente.model.layers import Conv2DTranspose
from latente.model.vae import VAE

Tensor = Any


def encoder(vae: VAE) -> keras.Model:
    """From ``images`` ``(n, H, W, C)``, float32 in [0, 1], to the parameters of q(z given x) by name.

    A discrete posterior gives its ``codes`` ``(n, latent_dim)`` and their ``indices`` ``(n, positions)``, int32. A
    conditional VAE takes ``labels`` ``(n,)``, int32, too.
    """
    inputs = {"images": keras.Input(vae.image_shape, name="images")}
    x = inputs["images"]
    if vae.classes:
        height, width, _ = vae.image_shape
        planes = ops.reshape(_classes(vae, inputs), (-1, 1, 1, vae.classes))
        x = ops.concatenate([x, ops.tile(planes, (1, height, width, 1))], axis=-1)
    q = vae.posterior.parameters(vae.encoder(x))
    if not vae.posterior.density:
        q = {"codes": vae.posterior.mean(q), "indices": q["indices"]}
    return _standalone(keras.Model(inputs, q, name="encoder"))


def decoder(vae: VAE) -> keras.Model:
    """From ``codes`` ``(n, latent_dim)`` to ``images`` ``(n, H, W, C)``, the means of p(x given z) in [0, 1]."""
    inputs = {"codes": keras.Input((vae.latent_dim,), name="codes")}
    z = inputs["codes"]
    if vae.classes:
        z = ops.concatenate([z, _classes(vae, inputs)], axis=-1)
    mean = vae.likelihood.mean(vae.decoder(z))
    return _standalone(keras.Model(inputs, {"images": ops.clip(mean, 0.0, 1.0)}, name="decoder"))


def _classes(vae: VAE, inputs: dict[str, Tensor]) -> Tensor:
    """Add ``labels`` to the inputs, and give 1 for each one's class and 0 for the others: ``(n, classes)``."""
    inputs["labels"] = keras.Input((), dtype="int32", name="labels")
    return ops.one_hot(inputs["labels"], vae.classes, dtype="float32")


def _standalone(model: keras.Model) -> keras.Model:
    """The same model in Keras's own layers, with its constants, such as a codebook, as arrays.

    As tensors they would be captured from outside of TensorFlow's graph, and become inputs of the ONNX graph.
    """
    plain = keras.models.clone_model(model, clone_function=_plain, recursive=True)
    standalone = keras.Model.from_config(_with_arrays(plain.get_config()))
    standalone.set_weights(plain.get_weights())
    return standalone


def _plain(layer: keras.Operation) -> keras.Operation:
    """A layer of Latente's as a layer or a model of Keras's own with the same weights, and any other as it is."""
    if isinstance(layer, Conv2DTranspose):  # Keras's own, but for how JAX computes it
        stock = layers.Conv2DTranspose.from_config(layer.get_config())
        stock.build_from_config(layer.get_build_config())
        stock.set_weights(layer.get_weights())
        return stock
    ours = type(layer).__module__.startswith("latente.")
    if not ours and not isinstance(layer, layers.Dense):
        return layer
    shape = layer.get_build_config()["input_shape"][1:]
    x = keras.Input(shape, dtype=layer.compute_dtype)
    if ours:
        return keras.Model(x, layer.call(x), name=layer.name)  # not the layer itself, which would stay whole
    if len(shape) > 1 and None not in shape:
        # TensorFlow forgets the size of such a map, and tf2onnx then pads the next one on the wrong side.
        return keras.Model(x, layers.Reshape((*shape[:-1], layer.units))(layer(x)), name=layer.name)
    return layer


def _with_arrays(config: Any) -> Any:
    """A serialized model with NumPy's arrays in place of the backend's tensors."""
    if isinstance(config, dict):
        changed = {name: _with_arrays(value) for name, value in config.items()}
        return {**changed, "class_name": "__numpy__"} if config.get("class_name") == "__tensor__" else changed
    return [_with_arrays(value) for value in config] if isinstance(config, list | tuple) else config
