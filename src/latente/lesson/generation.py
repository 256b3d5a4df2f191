"""Exercises 2 and 3: images from the prior, and the images between two others."""

from __future__ import annotations

import numpy as np

from latente.language import tr
from latente.lesson.remark import Array, Mistake, array, as_check, of_shape
from latente.lesson.student import StudentsModel, student_model
from latente.model.latent_model import interpolate_codes
from latente.pixels import cross_fade

SEEN = 1000
"""Encodings among which the source of a code is looked for."""
SAME = 0.03
"""Largest difference of a pixel between images that are the same but for rounding."""
SCALE, SHIFT = 0.2, 0.3
"""How far the standard deviation and the mean of 100 codes may be from those of N(0, I)."""
TOLD_APART = 2.0
"""Nats by which the log-ratios of codes around encodings and of prior draws must differ to tell the two apart: some six
standard errors of 100 codes. A collapsed model encodes every image as the prior, and nothing can be told."""


@as_check
def check_exercise_2(z: Array, generated: Array, model: StudentsModel, images: Array, n: int = 100) -> str:
    """Check codes drawn from the prior, and the images decoded from them.

    Args:
        z: The codes, ``(n, latents)``.
        generated: The decoded images, ``(n, H, W, C)`` in [0, 1].
        model: The pair (encoder, decoder), or a VAE of Latente.
        images: Test images, floats in [0, 1], ``(N, H, W, C)``: those that the codes must not come from.
        n: How many codes are asked for.
    """
    images = np.asarray(images)
    student = student_model(model, images.shape[1:])
    mean, log_var = student.moments(images[:SEEN])
    codes = of_shape("z", z, (n, mean.shape[1]))
    _judge_codes(codes, mean, log_var)
    made = of_shape("generated", generated, (n, *images.shape[1:]))
    if np.abs(made - student.decode(codes)).max() > SAME:
        raise Mistake(_misdecoded(made, student.reconstruct(images[:n])))
    return tr("Right: {n} codes from N(0, I), decoded. No image of the data had a part in them.", n=n)


def _judge_codes(codes: Array, mean: Array, log_var: Array) -> None:
    if np.ptp(codes, axis=0).max() < 1e-6:
        raise Mistake("one-code")
    if codes.min() >= 0:
        raise Mistake("uniform")
    if _around(codes, mean, log_var):
        raise Mistake("around-encodings")
    if abs(codes.std() - 1) > SCALE:
        raise Mistake("scale", spread=codes.std())
    if abs(codes.mean()) > SHIFT:
        raise Mistake("shifted", shift=codes.mean())


def _around(codes: Array, mean: Array, log_var: Array) -> bool:
    """Whether codes look drawn from the encodings of these images rather than from one Gaussian.

    Their log-ratio is compared with that of draws whose origin is known; the Gaussian has the moments of the codes, so
    that a wrong scale is not taken for this mistake.
    """
    rng = np.random.default_rng(157)
    noise = rng.standard_normal(codes.shape)
    rows = rng.integers(0, len(mean), len(codes))
    encoded = mean[rows] + np.exp(0.5 * log_var[rows]) * noise
    gaussian = codes.mean(axis=0) + codes.std(axis=0) * noise
    found, around, apart = (_log_ratio(each, mean, log_var) for each in (codes, encoded, gaussian))
    return around - apart > TOLD_APART and found > (around + apart) / 2


def _log_ratio(codes: Array, mean: Array, log_var: Array) -> float:
    """Mean of log q(z) / p(z) in nats, where q is the mean of the posteriors of the images and p is N(0, I)."""
    squares = (codes[:, None] - mean[None]) ** 2 * np.exp(-log_var)[None]  # (codes, images, latents)
    each = -0.5 * (squares + log_var[None]).sum(axis=2)
    q = np.logaddexp.reduce(each, axis=1) - np.log(len(mean))
    return float((q + 0.5 * np.square(codes).sum(axis=1)).mean())


def _misdecoded(made: Array, reconstructions: Array) -> str:
    if made.min() < -1e-6 or made.max() > 1 + 1e-6:
        return "logits"
    copied = made.shape == reconstructions.shape and np.abs(made - reconstructions).max() < SAME
    return "reconstructions" if copied else "not-decoded"


@as_check
def check_exercise_3(path: Array, model: StudentsModel, start: Array, end: Array, frames: int = 10) -> str:
    """Check the images on the line between the codes of two images.

    Args:
        path: ``(frames, H, W, C)`` in [0, 1].
        model: The pair (encoder, decoder), or a VAE of Latente.
        start: The first image, floats in [0, 1], ``(H, W, C)``.
        end: The last image, likewise.
        frames: How many images are asked for, both ends among them.
    """
    found = array("path", path)
    if len(found) != frames:
        raise Mistake("frames", found=len(found), frames=frames)
    of_shape("path", found, (frames, *np.shape(start)))
    student = student_model(model, start.shape)
    first, last = student.encode(np.stack([start, end]))
    right = student.decode(interpolate_codes(first, last, frames, "linear"))
    if _same(found, right):
        return tr("Right: {n} images, decoded from evenly spaced codes on the line from z_A to z_B.", n=frames)
    of_pixels = [cross_fade(a, b, frames)[0] for a, b in ((start[None], end[None]), (right[:1], right[-1:]))]
    if any(_same(found, fade) for fade in of_pixels):
        raise Mistake("cross-fade")
    if _same(found, right[::-1]):
        raise Mistake("reversed")
    t = np.arange(frames)[:, None] / frames
    if _same(found, student.decode((1 - t) * first + t * last)):
        raise Mistake("end-missing", frames=frames)
    if _same(found, student.decode(interpolate_codes(first, last, frames, "spherical"))):
        raise Mistake("spherical")
    if not _same(found[[0, -1]], right[[0, -1]]):
        raise Mistake("ends")
    raise Mistake("uneven", frames=frames)


def _same(images: Array, others: Array) -> bool:
    return bool(np.abs(images - others).max() < SAME)
