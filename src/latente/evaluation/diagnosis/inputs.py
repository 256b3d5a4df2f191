"""What the user gives, checked: images, a pair of functions, and what is known of the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from latente.errors import UserError
from latente.evaluation.diagnosis.silence import Silence, watch
from latente.language import text
from latente.training.health import FEW_STEPS


class NotFinite(UserError):
    """A function of the model gave NaN or infinity."""


BATCH = 500
"""Images or codes given to the user's functions in one call."""

Array = np.ndarray
Likelihood = Callable[[Array, Array], Array]
"""Negative log-likelihood in nats: images and mean images, ``(n, H, W, C)`` in [0, 1], to ``(n,)``."""


Noise = Callable[[Array], Array | float]
"""Mean images ``(n, H, W, C)`` to the variance of the pixels about them: of that shape, or one number."""


@dataclass(frozen=True)
class Scale:
    """The range of the pixels that the user's functions work in, and the way to [0, 1] and back.

    Attributes:
        low: What stands for black.
        high: What stands for white.
    """

    low: float = 0.0
    high: float = 1.0

    @classmethod
    def of(cls, images: Array) -> Scale:
        """The usual range that holds the pixels: [0, 1], [-1, 1], [0, 255], or else their own extremes."""
        low, high = float(images.min()), float(images.max())
        for usual in (cls(0, 1), cls(-1, 1), cls(0, 255)):
            if usual.low <= low and high <= usual.high:
                return usual
        return cls(low, high)

    def to_unit(self, pixels: Array) -> Array:
        """From this range to [0, 1]."""
        return pixels if self == Scale() else ((pixels - self.low) / (self.high - self.low)).astype("float32")

    def from_unit(self, pixels: Array) -> Array:
        """From [0, 1] to this range."""
        return pixels if self == Scale() else (pixels * (self.high - self.low) + self.low).astype("float32")


@dataclass(frozen=True)
class Patient:
    """The model to examine, in terms of images in [0, 1].

    Attributes:
        encode: Images ``(n, H, W, C)`` to means and log-variances, each ``(n, d)``.
        decode: Codes ``(n, d)`` to mean images ``(n, H, W, C)``.
        reconstruction: Images and codes to -log p(x given z) in nats, ``(n,)``.
        likelihood: Its name.
        noise: Variance of a pixel about its mean, or None where it is unknown.
        scale: The range of the pixels that came in.
        watched: Codes ``(n, d)`` to what of the decoder is silent over them; None where it cannot be looked into.
    """

    encode: Callable[[Array], tuple[Array, Array]]
    decode: Callable[[Array], Array]
    reconstruction: Callable[[Array, Array], Array]
    likelihood: str
    noise: Noise | None = None
    scale: Scale = Scale()
    watched: Callable[[Array], Silence | None] = lambda codes: None


@dataclass(frozen=True)
class Training:
    """What is known of the training.

    Attributes:
        log: One entry per epoch, with ``loss`` and, as far as known, ``val_elbo``, ``val_kl`` and
            ``val_kl_per_dimension``, as Latente logs them.
        loss: The mean loss that the training reported at its end.
        beta: The weight of the KL term that it meant to use.
        epochs: How many epochs were asked for.
        steps: How many optimizer steps were taken.
    """

    log: Sequence[Mapping[str, Any]] = ()
    loss: float | None = None
    beta: float | None = None
    epochs: int | None = None
    steps: int | None = None

    @property
    def few_steps(self) -> bool:
        """Whether there were so few steps that nothing else about the model is worth saying."""
        return self.steps is not None and self.steps < FEW_STEPS


def checked_images(images: Any, name: str, shape: tuple[int, ...] | None = None) -> Array:
    """Images as float32 in the user's range; uint8 becomes [0, 1].

    Raises:
        UserError: They are not images ``(n, H, W, C)``, too few, of another shape, or not finite.
    """
    try:
        array = np.asarray(images)
        array = array.astype("float32") / np.float32(255) if array.dtype == np.uint8 else array.astype("float32")
    except (TypeError, ValueError) as error:
        raise UserError(f"{name} must be an array of images (n, H, W, C). Received {type(images)}: {error}") from None
    if array.ndim != 4 or len(array) < 2:
        raise UserError(
            f"{name} must be at least 2 images of shape (n, H, W, C). Received the shape {array.shape}. Grey images "
            f"(n, H, W) become that by images[..., None]."
        )
    if shape is not None and array.shape[1:] != shape:
        raise UserError(f"{name} must have the shape of the real images (n, {shape}). Received {array.shape}.")
    if not np.isfinite(array).all():
        raise UserError(f"{name} must be finite numbers. Received NaN or infinity: look for a division by zero.")
    return array


def foreign(
    encode: Callable[[Array], Any],
    decode: Callable[[Array], Any],
    likelihood: str | Likelihood,
    scale: Scale,
    shape: tuple[int, ...],
) -> Patient:
    """Any VAE, by its two functions and its likelihood.

    Raises:
        UserError: The likelihood is unknown; later, a function gives arrays of another shape.
        NotFinite: Later, a function gives NaN or infinity.
    """
    measure, decoder = _likelihood(likelihood), _decoder_behind(decode)

    def encoded(images: Array) -> tuple[Array, Array]:
        parts = [_pair(encode(scale.from_unit(x)), len(x)) for x in _batches(images)]
        mean, log_var = (np.concatenate(column) for column in zip(*parts, strict=True))
        return mean, log_var

    def decoded(codes: Array) -> Array:
        parts = [_finite(decode(z), "decode", len(z)) for z in _batches(np.asarray(codes, "float32"))]
        return scale.to_unit(_shaped(np.concatenate(parts), shape))

    def measured(images: Array, codes: Array) -> Array:
        nats = _finite(measure(images, decoded(codes)), "likelihood", len(images))
        if nats.ndim != 1:
            raise UserError(f"likelihood must give nats (n,), summed over pixels. Received the shape {nats.shape}.")
        return nats

    def reconstruction(images: Array, codes: Array) -> Array:
        return np.concatenate([measured(x, z) for x, z in zip(_batches(images), _batches(codes), strict=True)])

    return Patient(
        encode=encoded,
        decode=decoded,
        reconstruction=reconstruction,
        likelihood=likelihood if isinstance(likelihood, str) else "custom",
        noise=NOISE.get(likelihood) if isinstance(likelihood, str) else None,
        scale=scale,
        watched=lambda codes: watch(decoder, _batches(np.asarray(codes, "float32"))),
    )


def bernoulli(images: Array, means: Array) -> Array:
    """Binary cross-entropy summed over pixels, ``(n,)``, with probabilities kept 1e-7 from 0 and 1, as in Keras."""
    p = np.clip(means.astype("float64"), 1e-7, 1 - 1e-7)
    return -(images * np.log(p) + (1 - images) * np.log(1 - p)).sum(axis=(1, 2, 3))


def gaussian(images: Array, means: Array) -> Array:
    """Half the squared error summed over pixels, ``(n,)``: a Gaussian of standard deviation 1, but for a constant."""
    return 0.5 * np.square(images.astype("float64") - means).sum(axis=(1, 2, 3))


NOISE: dict[str, Noise] = {"Bernoulli": lambda means: means * (1 - means), "Gaussian": lambda means: 1.0}


def _decoder_behind(decode: Callable[[Array], Any]) -> Any:
    """What a function is, is a method of (``decoder.predict``), or what its owner calls so (``vae.decode``)."""
    owner = getattr(decode, "__self__", decode)
    return getattr(owner, "decoder", owner)


def _likelihood(likelihood: str | Likelihood) -> Likelihood:
    if callable(likelihood):
        return likelihood
    known = {"Bernoulli": bernoulli, "Gaussian": gaussian}
    if likelihood not in known:
        raise UserError(
            f"likelihood must be 'Bernoulli' (binary cross-entropy), 'Gaussian' (half the squared error) or a function "
            f"of images and mean images that gives nats (n,). Received {likelihood!r}."
        )
    return known[likelihood]


def _pair(result: Any, n: int) -> tuple[Array, Array]:
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise UserError(
            f"encode must return a pair (mean, log_var). Received {type(result).__name__}"
            f"{f' of {len(result)}' if isinstance(result, tuple | list) else ''}. An encoder that gives (mean, "
            f"log_var, z) needs a wrapper: lambda x: encoder(x)[:2]."
        )
    mean, log_var = (
        _finite(part, f"encode's {name}", n) for name, part in zip(("mean", "log_var"), result, strict=True)
    )
    if mean.ndim != 2 or mean.shape != log_var.shape:
        raise UserError(
            f"encode must return means and log-variances (n, d). Received the shapes {mean.shape} and {log_var.shape}."
        )
    return mean, log_var


def _shaped(decoded: Array, shape: tuple[int, ...]) -> Array:
    if decoded.shape[1:] != shape:
        raise UserError(
            f"decode must give images of the shape of the real ones, (n, {', '.join(map(str, shape))}). Received "
            f"{decoded.shape}. Flat images become that by images.reshape(-1, {', '.join(map(str, shape))})."
        )
    return decoded


def _finite(result: Any, name: str, n: int) -> Array:
    if hasattr(result, "detach"):  # a PyTorch tensor that still has its graph, or is on a GPU
        result = result.detach().cpu()
    try:
        array = np.asarray(result).astype("float64")
    except (TypeError, ValueError) as error:
        raise UserError(f"{name} must give an array of numbers. Received {type(result).__name__}: {error}") from None
    if array.ndim == 0 or len(array) != n:
        raise UserError(f"{name} must give one row for each of {n} inputs. Received the shape {array.shape}.")
    if not np.isfinite(array).all():
        share = np.mean(~np.isfinite(array))
        raise NotFinite(text("{name} gives NaN or infinity in {share:.0%} of its numbers.", name=name, share=share))
    return array


def _batches(array: Array) -> list[Array]:
    return [array[i : i + BATCH] for i in range(0, len(array), BATCH)]
