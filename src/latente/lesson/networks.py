"""Exercise 1: encoder and decoder, alone and together with the rest of the VAE."""

from __future__ import annotations

from collections.abc import Callable
from inspect import unwrap
from typing import Any

import numpy as np

from latente.language import tr
from latente.lesson.remark import Array, Mistake, as_check, called, of_shape
from latente.lesson.sampling import check_sampling
from latente.lesson.student import encoded, student_model
from latente.lesson.terms import check_kl, check_reconstruction

SEEN = 500
"""Images looked at."""
UNTRAINED = 0.9
"""Share of the variance of the pixels that a model leaves unexplained which has learned nothing worth the name."""


@as_check
def check_encoder(encoder: Callable[..., Any], images: Array) -> str:
    """Check an encoder that gives z_mean and z_log_var.

    Args:
        encoder: A Keras model or a function.
        images: Floats in [0, 1], ``(n, H, W, C)``.
    """
    mean = judge_encoder(encoder, images)
    return tr("Right: the encoder gives z_mean and z_log_var, {d} latents each, without bounds.", d=mean.shape[1])


def judge_encoder(encoder: Callable[..., Any], images: Array) -> Array:
    """Raise the first mistake of an encoder, or give z_mean ``(n, d)``."""
    images = np.asarray(images[:SEEN])
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        raise Mistake("pixels-not-scaled", low=low, high=high)
    mean, log_var = encoded(encoder, images.astype("float32"))
    if log_var.min() >= 0:
        raise Mistake("sigma-not-log-variance")
    if mean.min() >= 0:
        raise Mistake("mean-not-free")
    return mean


@as_check
def check_decoder(decoder: Callable[..., Any], latent_dim: int, image_shape: tuple[int, int, int]) -> str:
    """Check a decoder that gives images in [0, 1].

    Args:
        decoder: A Keras model or a function.
        latent_dim: Number of latents.
        image_shape: Height, width and channels.
    """
    codes = 5 * np.random.default_rng(0).standard_normal((64, latent_dim)).astype("float32")
    images = of_shape("decoder(z)", called("decoder", decoder, codes), (len(codes), *image_shape))
    low, high = float(images.min()), float(images.max())
    if low < -1e-6 or high > 1 + 1e-6:
        raise Mistake("no-sigmoid", low=low, high=high)
    if np.allclose(images.sum(axis=(1, 2, 3)), 1, atol=1e-3):
        raise Mistake("softmax")
    if np.ptp(images, axis=0).max() < 1e-6:
        raise Mistake("decoder-blind")
    return tr("Right: the decoder turns codes into images with pixels in [0, 1].")


@as_check
def check_exercise_1(
    encoder: Callable[..., Any],
    sampling: Callable[..., Any],
    decoder: Callable[..., Any],
    reconstruction: Callable[..., Any],
    kl: Callable[..., Any],
    images: Array,
) -> str:
    """Check a trained VAE of plain Keras, piece by piece and then as a whole.

    Args:
        encoder: See ``check_encoder``.
        sampling: See ``check_sampling``.
        decoder: See ``check_decoder``.
        reconstruction: See ``check_reconstruction``.
        kl: See ``check_kl``.
        images: Test images, floats in [0, 1], ``(n, H, W, C)``.
    """
    mean = judge_encoder(encoder, images)
    # Unwrapped, a check raises its mistake, which is then one of the whole.
    unwrap(check_sampling)(sampling)
    unwrap(check_decoder)(decoder, mean.shape[1], images.shape[1:])
    unwrap(check_reconstruction)(reconstruction)
    unwrap(check_kl)(kl)
    real = np.asarray(images[:SEEN], "float32")
    error = np.square(real - student_model((encoder, decoder), real.shape[1:]).decode(mean)).sum()
    left = float(error / np.square(real - real.mean(axis=0)).sum())
    if left > UNTRAINED:
        raise Mistake("not-trained", left=left)
    return tr(
        "Right: every piece is, and the trained model leaves {left:.0%} of the variance of the pixels unexplained.",
        left=left,
    )
