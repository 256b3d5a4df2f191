"""A VAE written with whatever library, by its functions, as a ``LatentModel``: what they give is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from latente.errors import UserError
from latente.language import text
from latente.model.arrays import Array, in_batches
from latente.model.latent_model import Labels, LatentModel, Moments
from latente.pixels import unit_scale

Likelihood = Callable[[Array, Array], Array]
"""Negative log-likelihood in nats: images and mean images, ``(n, H, W, C)`` in [0, 1], to ``(n,)``."""


class NotFinite(UserError):
    """A function of the model gave NaN or infinity."""


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


class ForeignModel(LatentModel):
    """Any VAE, by its two functions and its likelihood, in terms of images in [0, 1].

    Args:
        encode: Images ``(n, H, W, C)`` to the pair of means and log-variances, each ``(n, d)``.
        decode: Codes ``(n, d)`` to mean images ``(n, H, W, C)``.
        image_shape: Height, width and channels.
        likelihood: ``"Bernoulli"``, ``"Gaussian"`` or a function of images and mean images; see ``diagnose``.
        scale: The range of the pixels that the functions work in.

    Raises:
        UserError: The likelihood is unknown; later, a function gives arrays of another shape.
        NotFinite: Later, a function gives NaN or infinity.
    """

    def __init__(
        self,
        encode: Callable[[Array], Any],
        decode: Callable[[Array], Any],
        image_shape: tuple[int, ...],
        likelihood: str | Likelihood = "Bernoulli",
        scale: Scale = Scale(),
    ) -> None:
        height, width, channels = image_shape
        self.image_shape = (height, width, channels)
        self.scale = scale
        self.decoder = _decoder_behind(decode)
        self.likelihood_name = likelihood if isinstance(likelihood, str) else "custom"
        self._encode, self._decode, self._nats = encode, decode, _likelihood(likelihood)

    @cached_property
    def latent_dim(self) -> int:
        """As many as the encoder gives of a blank image."""
        return self.moments(np.zeros((1, *self.image_shape), "float32"))[0].shape[1]

    def moments(self, images: Array, labels: Labels = None) -> Moments:
        """Means and log-variances of images, each ``(n, d)``."""
        return in_batches(lambda x: _pair(self._encode(self.scale.from_unit(unit_scale(x))), len(x)), images)

    def decode(self, codes: Array, labels: Labels = None) -> Array:
        """Mean images ``(n, H, W, C)`` of codes ``(n, d)``, 0 and 1 being the ends of the range."""
        decoded = in_batches(lambda z: _finite(self._decode(z), "decode", len(z)), np.asarray(codes, "float32"))
        if decoded.shape[1:] != self.image_shape:
            shape = ", ".join(map(str, self.image_shape))
            raise UserError(
                f"decode must give images of the shape of the real ones, (n, {shape}). Received {decoded.shape}. Flat "
                f"images become that by images.reshape(-1, {shape})."
            )
        return self.scale.to_unit(decoded)

    def reconstruction(self, images: Array, codes: Array, labels: Labels = None) -> Array:
        """-log p(x given z) in nats of images and a code for each, ``(n,)``."""
        return in_batches(self._reconstruction, images, codes)

    def pixel_variance(self, means: Array) -> Array | float | None:
        """That of the likelihoods that are known by name."""
        return {"Bernoulli": means * (1 - means), "Gaussian": 1.0}.get(self.likelihood_name)

    def _reconstruction(self, images: Array, codes: Array) -> Array:
        nats = _finite(self._nats(unit_scale(images), self.decode(codes)), "likelihood", len(images))
        if nats.ndim != 1:
            raise UserError(f"likelihood must give nats (n,), summed over pixels. Received the shape {nats.shape}.")
        return nats


def checked_images(images: Any, name: str, shape: tuple[int, ...] | None = None) -> Array:
    """Images as float32 in the user's range; uint8 becomes [0, 1].

    Raises:
        UserError: They are not images ``(n, H, W, C)``, too few, of another shape, or not finite.
    """
    try:
        array = unit_scale(images)
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


def bernoulli(images: Array, means: Array) -> Array:
    """Binary cross-entropy summed over pixels, ``(n,)``, with probabilities kept 1e-7 from 0 and 1, as in Keras."""
    p = np.clip(means.astype("float64"), 1e-7, 1 - 1e-7)
    return -(images * np.log(p) + (1 - images) * np.log(1 - p)).sum(axis=(1, 2, 3))


def gaussian(images: Array, means: Array) -> Array:
    """Half the squared error summed over pixels, ``(n,)``: a Gaussian of standard deviation 1, but for a constant."""
    return 0.5 * np.square(images.astype("float64") - means).sum(axis=(1, 2, 3))


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
