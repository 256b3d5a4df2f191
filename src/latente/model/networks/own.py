"""The user's own Keras models as the two networks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from latente.errors import UserError
from latente.model.axes import DEFAULT_NETWORK, ImageShape, Network, Tensor
from latente.model.choice import make

Shape = tuple[int | None, ...]

NAMED = ("z_mean", "z_log_var")
"""What an encoder that gives a dictionary calls its outputs."""
PROBES = 16
"""Codes at which a decoder is looked at, far out, where a last activation shows."""


@dataclass(frozen=True)
class Halves:
    """The two models. Were they attributes of the network, Keras would count their weights a second time there."""

    encoder: layers.Layer
    decoder: layers.Layer


class Own(Network):
    """Two Keras models or layers of the user's, which ``VAE(encoder=..., decoder=...)`` makes of them.

    They are used as they are, with their weights, names and dtype policies. A VAE is saved with them, so that a class
    of one's own needs ``keras.saving.register_keras_serializable``.

    Args:
        encoder: From images ``(batch, H, W, C)`` in [0, 1] to the numbers that the posterior asks for: one tensor, or
            ``[z_mean, z_log_var]``, or these two by name in a dictionary. A third output, such as a draw z, is not
            used. A conditional VAE has one plane per class beside the image.
        decoder: From codes ``(batch, latent_dim)``, beside them one number per class where the VAE is conditional, to
            the likelihood's parameters ``(batch, H, W, channels)``: for Bernoulli logits, without a sigmoid.

    Raises:
        UserError: One of them is no Keras model; or when a VAE is made, saved or loaded: it has other shapes than asked
            for, or Keras cannot write it or rebuild it.
    """

    listed = False

    def __init__(self, encoder: Any = None, decoder: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, half in {"encoder": encoder, "decoder": decoder}.items():
            if not isinstance(half, layers.Layer):
                received = "none" if half is None else type(half).__name__
                raise UserError(
                    f"Own networks are two Keras models or layers, VAE(encoder=..., decoder=...). Received {received} "
                    f"for {name}."
                )
        self._halves = Halves(encoder, decoder)

    def sizes(
        self, image_shape: Sequence[int] | None, latent_dim: int | None, classes: int
    ) -> tuple[Sequence[int], int]:
        """What is given, else what the models take, less the planes and numbers of the classes.

        Raises:
            UserError: Neither says it.
        """
        if image_shape is None:
            *sides, planes = _taken(self._halves.encoder, "encoder", "image_shape", 3)
            image_shape = (*sides, planes - classes)
        if latent_dim is None:
            latent_dim = _taken(self._halves.decoder, "decoder", "latent_dim", 1)[0] - classes
        return image_shape, latent_dim

    def encoder(
        self, image_shape: ImageShape, units: int, dtype: Any = None, latent_dim: int | None = None
    ) -> keras.Model:
        """The user's model; in another around it where it is a layer, gives parts or does not end in float32."""
        model, x = self._halves.encoder, keras.Input(image_shape)
        outputs = _called(model, "encoder", x)
        found = _parts(outputs)
        widths = [part.shape[1:] for part in found]
        used = 2 if len(found) > 1 and widths[:2] == [(latent_dim,), (units - (latent_dim or 0),)] else 1
        if used == 1 and widths != [(units,)]:
            raise UserError(
                f"The encoder must give the {units} numbers of the posterior: one tensor {_rows((units,))}, or "
                f"[z_mean, z_log_var] where these are {_rows((latent_dim,))} each. Received "
                f"{' and '.join(map(_rows, widths))} for images {_rows(image_shape)}."
            )
        if isinstance(model, keras.Model) and _fed(model, x) is x and found[0] is outputs and _is_float32(outputs):
            return model
        joined, given = (layers.Concatenate, found[:2]) if used == 2 else (layers.Identity, found[0])
        return keras.Model(x, joined(dtype="float32", name="parameters")(given), name="encoder")

    def decoder(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any = None) -> keras.Model:
        """The user's model; in another around it where it is a layer, or gives a list."""
        model, z = self._halves.decoder, keras.Input((latent_dim,))
        outputs = _called(model, "decoder", z)
        found, expected = _parts(outputs), (*image_shape[:2], channels)
        if [part.shape[1:] for part in found] != [expected]:
            received = " and ".join(_rows(part.shape[1:]) for part in found)
            raise UserError(
                f"The decoder must give the likelihood's numbers for each pixel, {_rows(expected)}. Received "
                f"{received} for codes {_rows((latent_dim,))}."
            )
        if isinstance(model, keras.Model) and _fed(model, z) is z and found[0] is outputs:
            return model
        return keras.Model(z, found[0], name="decoder")

    def get_config(self) -> dict[str, Any]:
        """Both models as Keras writes them."""
        try:
            halves = {name: keras.saving.serialize_keras_object(half) for name, half in vars(self._halves).items()}
        except NotImplementedError as error:
            raise UserError(
                f"A VAE is saved with its own networks. Received one that Keras cannot write: {_first(error)}. Give "
                f"its class a get_config with the arguments of its constructor."
            ) from None
        return {**super().get_config(), **halves}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Own:
        """Rebuild both models, with new weights.

        Raises:
            UserError: Keras does not know a class of theirs, or holds it for unsafe.
        """
        try:
            halves = {name: keras.saving.deserialize_keras_object(config.get(name)) for name in ("encoder", "decoder")}
        except (TypeError, ValueError) as error:
            raise UserError(
                f"Own networks are rebuilt by Keras. Received one that it cannot rebuild: {_first(error)}. Decorate "
                f"its classes and functions with @keras.saving.register_keras_serializable(), and import them before."
            ) from None
        return cls(**{**config, **halves})


def network_of(network: str | Network, encoder: Any = None, decoder: Any = None) -> Network:
    """The network that arguments ask for: the two models of the user's, or a choice.

    Raises:
        UserError: They ask for both, or for one that is not there.
    """
    if encoder is None and decoder is None:
        return make(Network, network)
    if network != DEFAULT_NETWORK:
        raise UserError(f"Give encoder and decoder, or a network. Received both, and network {network!r}.")
    return Own(encoder, decoder)


def check_unbounded(decoder: keras.Model, width: int) -> None:
    """Refuse a decoder whose outputs are squashed, for a likelihood whose parameters are any numbers.

    Far out in the space of codes the outputs of a free decoder take both signs; those of a sigmoid, a softmax or a ReLU
    never fall below 0, and those of a tanh lie at -1 and 1.

    Args:
        decoder: From codes ``(batch, width)``.
        width: Numbers of a code.

    Raises:
        UserError: They are.
    """
    codes = 1e3 * np.random.default_rng(0).standard_normal((PROBES, width)).astype("float32")
    found = ops.convert_to_numpy(ops.cast(decoder(ops.convert_to_tensor(codes), training=False), "float32"))
    one_sided = found.min() >= 0 and np.ptp(found) > 0  # all alike, it has not begun to learn
    saturated = np.abs(found).max() <= 1 and np.median(np.abs(found)) > 0.99
    if one_sided or saturated:
        raise UserError(
            f"This likelihood needs a decoder that gives any numbers, such as logits. Received one whose outputs lie "
            f"between {found.min():.3g} and {found.max():.3g}: leave out its last activation, which the likelihood "
            f"applies itself."
        )


def _taken(model: layers.Layer, name: str, size: str, rank: int) -> tuple[int, ...]:
    """The input shape of a model without the batch, where it says so."""
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 1 + rank or None in shape[1:]:
        raise UserError(
            f"VAE needs {size} where the {name} does not say it. Received {type(model).__name__}, "
            f"{f'which takes the shape {shape}' if shape else 'which was not built for a shape'}: give {size}=... too."
        )
    return shape[1:]


def _called(model: layers.Layer, name: str, x: Tensor) -> Any:
    """What a model gives for a symbolic tensor; it is built by that, if it was not yet."""
    wanted = {"encoder": "images", "decoder": "codes"}[name]
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, tuple) and not _agree(shape, x.shape):
        raise UserError(
            f"The {name} must take {wanted} {_rows(x.shape[1:])}. Received one that takes {_rows(shape[1:])}."
        )
    try:
        return model(_fed(model, x))
    except (ValueError, TypeError, RuntimeError) as error:  # as each backend tells of shapes that do not fit
        raise UserError(
            f"The {name} must take {wanted} {_rows(x.shape[1:])}. Received one that cannot: {_first(error)}."
        ) from error


def _fed(model: layers.Layer, x: Tensor) -> Any:
    """A tensor as a model takes it: in the list or dictionary of one that a functional model was made with."""
    made_with = getattr(model, "input", None)
    one = isinstance(made_with, list | tuple | dict) and len(made_with) == 1
    return keras.tree.pack_sequence_as(made_with, [x]) if one else x


def _agree(shape: Shape, other: Shape) -> bool:
    return len(shape) == len(other) and all(a == b or None in (a, b) for a, b in zip(shape, other, strict=True))


def _parts(outputs: Any) -> list[Tensor]:
    """The tensors of an output, in the order of a posterior's parameters."""
    if isinstance(outputs, Mapping):
        if not set(NAMED) <= set(outputs):
            raise UserError(f"A dictionary of outputs must have {' and '.join(NAMED)}. Received {', '.join(outputs)}.")
        return [outputs[name] for name in NAMED]
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def _is_float32(x: Tensor) -> bool:
    return keras.backend.standardize_dtype(x.dtype) == "float32"


def _rows(shape: Sequence[int | None]) -> str:
    return f"({', '.join(map(str, ('n', *shape)))})"


def _first(error: Exception) -> str:
    """What Keras says, without its escape codes, the dump of a config and all that follows."""
    said = re.sub(r"\x1b\[[0-9;]*m", "", str(error))
    named = re.search(r"Could not locate \w+ '[^']+'", said)
    return named[0] if named else re.split(r"\.\s", " ".join(said.split()))[0]
