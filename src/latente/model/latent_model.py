"""A model of images with latent codes, whoever wrote it: what evaluation, diagnosis and the lesson ask of it."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from latente.errors import UserError
from latente.model.arrays import ImageShape, as_array
from latente.model.conditional import checked_labels
from latente.seeds import drawing

Labels = int | Sequence[int] | np.ndarray | None
Moments = tuple[np.ndarray, np.ndarray]

TRAVERSAL_QUANTILES = tuple(np.linspace(0.01, 0.99, 11))


class LatentModel(abc.ABC):
    """NumPy arrays in, NumPy arrays out, deterministic unless asked: ``VAE``, and any other model that is measured.

    Who writes another says its shapes, and how it encodes, decodes and measures a reconstruction; the rest follows,
    for a prior N(0, I). A conditional model needs ``labels``, from 0 to classes - 1: one for all, or one for each image
    or code.

    Attributes:
        image_shape: Height, width and channels.
        classes: How many classes of images it tells apart by their label; 0 where it knows no labels.
        discrete: Whether its codes are of a finite set, so that there is nothing between two of them.
        standard: Whether q(z given x) is a Gaussian with independent dimensions and p(z) is N(0, I).
        factorizes: Whether q(z given x) and p(z) do, so that the KL has a part for each latent.
        decoder: The network that decodes, to look into where it is a Keras model; anything else elsewhere.
        likelihood_name: What p(x given z) is.
    """

    image_shape: ImageShape
    classes: int = 0
    discrete: bool = False
    standard: bool = True
    factorizes: bool = True
    decoder: Any
    likelihood_name: str

    @property
    @abc.abstractmethod
    def latent_dim(self) -> int:
        """Numbers in a code."""

    @abc.abstractmethod
    def moments(self, images: np.ndarray, labels: Labels = None) -> Moments:
        """Means and log-variances of q(z given x) of images, each ``(n, latent_dim)``."""

    @abc.abstractmethod
    def decode(self, codes: np.ndarray, labels: Labels = None) -> np.ndarray:
        """Mean images ``(n, H, W, C)``, in [0, 1], of codes ``(n, latent_dim)``."""

    @abc.abstractmethod
    def reconstruction(self, images: np.ndarray, codes: np.ndarray, labels: Labels = None) -> np.ndarray:
        """-log p(x given z) in nats of images ``(n, H, W, C)`` and a code for each, ``(n,)``."""

    def pixel_variance(self, means: np.ndarray) -> np.ndarray | float | None:
        """The variance of pixels about mean images ``(n, H, W, C)``, of that shape or one number; None if unknown."""
        return None

    def encode(self, images: np.ndarray, sample: bool = False, seed: int = 0, labels: Labels = None) -> np.ndarray:
        """Codes ``(n, latent_dim)`` of images: the posterior means, or one draw each if ``sample``."""
        mean, log_var = self.moments(images, labels)
        if not sample:
            return mean
        return draw(mean, log_var, drawing(seed, "codes of images"))

    def sample_codes(self, n: int, temperature: float = 1.0, seed: int | None = 0) -> np.ndarray:
        """Draws of the prior ``(n, latent_dim)``."""
        rng = np.random.default_rng() if seed is None else drawing(seed, "samples")
        return temperature * rng.standard_normal((n, self.latent_dim)).astype("float32")

    def reconstruct(self, images: np.ndarray, labels: Labels = None) -> np.ndarray:
        """Images decoded from the posterior means of ``images``: no noise, ``(n, H, W, C)`` in [0, 1]."""
        return self.decode(self.encode(images, labels=labels), labels)

    def sample(self, n: int, temperature: float = 1.0, seed: int | None = 0, labels: Labels = None) -> np.ndarray:
        """New images ``(n, H, W, C)`` decoded from draws of the prior; the encoder has no part in it.

        Args:
            n: How many.
            temperature: Below 1 draws are more typical and less varied; each prior says how.
            seed: Seed of the draws; ``None`` draws anew each time.
            labels: Which classes to draw, where the model is conditional.
        """
        return self.decode(self.sample_codes(n, temperature, seed), labels)

    def interpolate(
        self,
        start: np.ndarray,
        end: np.ndarray,
        steps: int = 10,
        path: Literal["linear", "spherical"] = "linear",
        labels: Labels = None,
    ) -> np.ndarray:
        """Images ``(steps, H, W, C)`` along the path between the codes of two images ``(H, W, C)``.

        The first and the last are the mean reconstructions of ``start`` and ``end``. A conditional model takes the
        labels of both, and decodes each code as the class of the nearer end: no decoder was trained on half a label.
        """
        first, last = self.encode(as_array([start, end]), labels=labels)
        return self.decode(interpolate_codes(first, last, steps, path), self.nearer(labels, steps))

    def traverse(
        self,
        dimensions: Sequence[int] | None = None,
        quantiles: Sequence[float] = TRAVERSAL_QUANTILES,
        centre: np.ndarray | None = None,
        labels: Labels = None,
    ) -> np.ndarray:
        """Images ``(dimensions, quantiles, H, W, C)``: each row moves one latent through quantiles of N(0, 1).

        Args:
            dimensions: Which latents, in which order; all by default.
            quantiles: Levels in (0, 1).
            centre: The code ``(latent_dim,)`` at which the other latents stay; 0 by default.
            labels: The class as which the codes are decoded, where the model is conditional.

        Raises:
            UserError: The codes are discrete; there is no such latent or quantile.
        """
        if self.discrete:
            raise UserError(
                "A traversal moves one latent through the prior. Received a model whose codes are discrete: "
                "interpolate between two images instead."
            )
        rows = range(self.latent_dim) if dimensions is None else dimensions
        if not all(0 <= dimension < self.latent_dim for dimension in rows):
            raise UserError(f"The latents are 0 to {self.latent_dim - 1}. Received dimensions {list(rows)}.")
        if not all(0 < level < 1 for level in quantiles):
            raise UserError(f"quantiles lie above 0 and below 1, as 0.01 and 0.99 do. Received {list(quantiles)}.")
        centre = np.zeros(self.latent_dim, "float32") if centre is None else as_array(centre).astype("float32")
        values = [NormalDist().inv_cdf(level) for level in quantiles]
        codes = np.tile(centre, (len(rows), len(values), 1))
        for row, dimension in enumerate(rows):
            codes[row, :, dimension] = values
        images = self.decode(codes.reshape(-1, self.latent_dim), labels)
        return images.reshape(len(rows), len(values), *self.image_shape)

    def checked_labels(self, labels: Any, n: int) -> np.ndarray | None:
        """Labels ``(n,)``, int32, of one label for all or one each; None where the model knows none.

        Raises:
            UserError: They are missing, too many, no classes of this model, or not to be given at all.
        """
        return checked_labels(labels, n, self.classes)

    def nearer(self, labels: Any, steps: int) -> np.ndarray | None:
        """The labels ``(steps,)`` of a path between two labelled ends: that of the nearer end."""
        ends = self.checked_labels(labels, 2)
        return None if ends is None else np.repeat(ends, [(steps + 1) // 2, steps // 2])

    def evenly(self, n: int) -> np.ndarray | None:
        """Labels ``(n,)`` of every class in turn: 0, 1, ... classes - 1, 0, ...; None where the model knows none."""
        return np.arange(n, dtype="int32") % self.classes if self.classes else None


def interpolate_codes(start: np.ndarray, end: np.ndarray, steps: int, path: str) -> np.ndarray:
    """Codes ``(steps, latent_dim)`` from ``start`` to ``end``, on the line or on the great circle (White 2016)."""
    if steps < 2:
        raise UserError(f"An interpolation needs at least 2 steps. Received {steps}.")
    start, end = np.asarray(start, "float64"), np.asarray(end, "float64")  # whose rounding bends no opposite codes
    t = np.linspace(0.0, 1.0, steps)[:, None]
    if path == "linear":
        return (1 - t) * start + t * end
    if path != "spherical":
        raise UserError(f"path must be 'linear' or 'spherical'. Received {path!r}.")
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    cosine = np.clip(start @ end / max(lengths[0] * lengths[1], 1e-12), -1.0, 1.0)
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:  # the same or opposite directions: the great circle is the line, or is not unique
        return (1 - t) * start + t * end
    return (np.sin((1 - t) * angle) * start + np.sin(t * angle) * end) / np.sin(angle)


def draw(mean: np.ndarray, log_var: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One draw of each Gaussian, ``(n, d)``."""
    return mean + np.exp(0.5 * log_var) * rng.standard_normal(mean.shape)
