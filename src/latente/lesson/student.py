"""A student's model: an encoder and a decoder of plain Keras, or a VAE of Latente."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from latente.evaluation.foreign import ForeignModel
from latente.lesson.remark import Array, Mistake, called, of_shape
from latente.model import VAE, LatentModel

StudentsModel = VAE | tuple[Callable[..., Any], Callable[..., Any]]
"""A VAE of Latente, or the pair (encoder, decoder): Keras models or functions. The encoder takes images
``(n, H, W, C)`` in [0, 1] and gives z_mean and z_log_var; the decoder takes codes and gives images in [0, 1]."""


def student_model(model: StudentsModel, image_shape: tuple[int, ...]) -> LatentModel:
    """A student's pair as a model like Latente's own; an exception in it is a mistake of the student's.

    Args:
        model: See ``StudentsModel``.
        image_shape: Height, width and channels.
    """
    if isinstance(model, VAE):
        return model
    encoder, decoder = model

    def decoded(codes: Array) -> Array:
        return of_shape("decoder(z)", called("decoder", decoder, codes), (len(codes), *image_shape))

    return ForeignModel(lambda images: encoded(encoder, images), decoded, image_shape)


def kinds_of_layers(network: Any) -> set[str]:
    """The names of the kinds of layers in a network, those inside of models too; none of a plain function."""
    flat = network._flatten_layers() if isinstance(network, keras.Model) else []
    return {kind.__name__ for layer in flat for kind in type(layer).__mro__}


def encoded(encoder: Callable[..., Any], images: Array) -> tuple[Array, Array]:
    """z_mean and z_log_var ``(n, d)`` of one batch; what the encoder gives besides them is left aside."""
    outputs = called("encoder", encoder, images)
    if not isinstance(outputs, list) or len(outputs) < 2:
        raise Mistake("one-output")
    mean, log_var = outputs[:2]
    if mean.ndim != 2 or len(mean) != len(images):
        raise Mistake("shape", what="z_mean", found=mean.shape, expected=f"({len(images)}, latents)")
    return mean, of_shape("z_log_var", log_var, mean.shape)
