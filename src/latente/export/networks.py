"""The two halves of a trained VAE as plain Keras models, without noise and without a class of Latente's.

What is called on a symbolic tensor leaves Keras's own layers and operations behind. So the posterior, the likelihood
and the layers of Latente's need no second form for export, and the files need no Latente.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from latente.model.layers import Conv2DTranspose, ResidualBlock, SelfAttention
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
    q = vae.posterior.parameters(_applied(vae.encoder, x))
    if not vae.posterior.density:
        q = {"codes": vae.posterior.mean(q), "indices": q["indices"]}
    return _standalone(keras.Model(inputs, q, name="encoder"))


def decoder(vae: VAE) -> keras.Model:
    """From ``codes`` ``(n, latent_dim)`` to ``images`` ``(n, H, W, C)``, the means of p(x given z) in [0, 1]."""
    inputs = {"codes": keras.Input((vae.latent_dim,), name="codes")}
    z = inputs["codes"]
    if vae.classes:
        z = ops.concatenate([z, _classes(vae, inputs)], axis=-1)
    mean = vae.likelihood.mean(_applied(vae.decoder, z))
    return _standalone(keras.Model(inputs, {"images": ops.clip(mean, 0.0, 1.0)}, name="decoder"))


def _classes(vae: VAE, inputs: dict[str, Tensor]) -> Tensor:
    """Add ``labels`` to the inputs, and give 1 for each one's class and 0 for the others: ``(n, classes)``."""
    inputs["labels"] = keras.Input((), dtype="int32", name="labels")
    return ops.one_hot(inputs["labels"], vae.classes, dtype="float32")


def _applied(network: keras.Model, x: Tensor) -> Tensor:
    """The output of a network, with the layers that Keras has not taken apart into those that it has."""
    if not isinstance(network, keras.Sequential):
        return network(x)
    for layer in network.layers:
        if isinstance(layer, Conv2DTranspose):  # Keras's own, but for how JAX computes it
            stock = layers.Conv2DTranspose.from_config(layer.get_config())
            x = stock(x)
            stock.set_weights(layer.get_weights())
        elif isinstance(layer, ResidualBlock | SelfAttention):
            x = layer.call(x)  # not the layer itself, which would stay whole
        elif isinstance(layer, layers.Dense) and len(x.shape) > 2:
            # TensorFlow forgets the size of such a map, and tf2onnx then pads the next one on the wrong side.
            x = layers.Reshape((*x.shape[1:-1], layer.units))(layer(x))
        else:
            x = layer(x)
    return x


def _standalone(model: keras.Model) -> keras.Model:
    """The same model with its constants, such as a codebook, as arrays.

    As tensors they would be captured from outside of TensorFlow's graph, and become inputs of the ONNX graph.
    """
    standalone = keras.Model.from_config(_with_arrays(model.get_config()))
    standalone.set_weights(model.get_weights())
    return standalone


def _with_arrays(config: Any) -> Any:
    """A serialized model with NumPy's arrays in place of the backend's tensors."""
    if isinstance(config, dict):
        changed = {name: _with_arrays(value) for name, value in config.items()}
        return {**changed, "class_name": "__numpy__"} if config.get("class_name") == "__tensor__" else changed
    return [_with_arrays(value) for value in config] if isinstance(config, list | tuple) else config
