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
    if vae.discrete:
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
    plain = keras.models.clone_model(model, clone_function=_stock, call_function=_called)
    standalone = keras.Model.from_config(_with_arrays(plain.get_config()))
    standalone.set_weights(plain.get_weights())
    return standalone


def _stock(layer: keras.Operation) -> keras.Operation:
    """Keras's own transposed convolution for Latente's, which differs in how JAX computes it; any other as it is."""
    if not isinstance(layer, Conv2DTranspose):
        return layer
    stock = layers.Conv2DTranspose.from_config(layer.get_config())
    stock.build_from_config(layer.get_build_config())
    stock.set_weights(layer.get_weights())
    return stock


def _called(layer: keras.Operation, *args: Any, **kwargs: Any) -> Tensor:
    """Call a layer so that the graph holds neither a layer of Latente's nor a model within the model."""
    if isinstance(layer, keras.Sequential):
        x = args[0]
        for each in layer.layers:
            x = _called(_stock(each), x)
        return x
    if isinstance(layer, keras.Model) and getattr(layer, "inputs", None):
        clone = keras.models.clone_model(layer, args[0], clone_function=_stock, call_function=_called)
        return clone.output
    if type(layer).__module__.startswith("latente."):
        return layer.call(*args, **kwargs)  # not the layer itself, which would stay whole
    x = layer(*args, **kwargs)
    if isinstance(layer, layers.Dense) and len(x.shape) > 2 and None not in x.shape[1:]:
        # TensorFlow forgets the size of such a map, and tf2onnx then pads the next one on the wrong side.
        return layers.Reshape(x.shape[1:])(x)
    return x


def _with_arrays(config: Any) -> Any:
    """A serialized model with NumPy's arrays in place of the backend's tensors."""
    if isinstance(config, dict):
        changed = {name: _with_arrays(value) for name, value in config.items()}
        return {**changed, "class_name": "__numpy__"} if config.get("class_name") == "__tensor__" else changed
    return [_with_arrays(value) for value in config] if isinstance(config, list | tuple) else config
