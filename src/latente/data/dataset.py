"""What every source gives: splits of uint8 images, and the few operations on them that need no model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol

import numpy as np

Binarize = Literal["none", "static", "dynamic"]

# Up to this many bytes a split is held in memory and hashed whole; a larger one stays where it is and is sampled.
LARGE = 256 * 2**20
FINGERPRINT_SAMPLE = 1024
CHUNK = 1024


class Images(Protocol):
    """The part of a NumPy array that Latente asks of images: length, shape (N, H, W, C), dtype uint8, indexing."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, H, W, C)."""

    @property
    def dtype(self) -> np.dtype:
        """uint8."""

    def __len__(self) -> int: ...
    def __getitem__(self, key: Any, /) -> np.ndarray: ...


class Rows:
    """Some rows of a large or lazy image array, read only when they are asked for.

    Args:
        base: The images, (N, H, W, C) uint8.
        index: Which of them, (n,) integers, in this order.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, base: Images, index: np.ndarray) -> None:
        self.base, self.index = base, index

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, H, W, C)."""
        return (len(self.index), *self.base.shape[1:])

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, key: Any) -> np.ndarray:
        return np.asarray(self.base[self.index[key]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("These images are read on demand: an array of them is always a copy. Use copy=None.")
        return self[:] if dtype is None else self[:].astype(dtype)


def nbytes(images: Images) -> int:
    """The size in bytes that the images have, or would have, in memory."""
    return int(np.prod(images.shape, dtype=np.int64))


def chunks(images: Images, size: int = CHUNK) -> Iterator[np.ndarray]:
    """The images in order, at most ``size`` at a time."""
    for start in range(0, len(images), size):
        yield images[start : start + size]


def evenly(n: int, sample: int) -> np.ndarray:
    """At most ``sample`` indices spread evenly over ``range(n)``, (min(n, sample),)."""
    return np.linspace(0, n - 1, min(n, sample)).round().astype(np.int64)


@dataclass(frozen=True, eq=False)
class Split:
    """Images and what is known about them.

    Attributes:
        images: (N, H, W, C) uint8: an array, a memory map, or an array-like that reads or draws on demand.
        labels: (N,) int32 class of each image, or None.
        factors: (N, F) int32 generative factors or attributes, or None.
        files: (N,) str, the file that each image is read from, or None.
        duplicates: How many of the images of a held-out split also occur in the train split.
    """

    images: Images
    labels: np.ndarray | None = None
    factors: np.ndarray | None = None
    files: np.ndarray | None = None
    duplicates: int = 0

    def __len__(self) -> int:
        return len(self.images)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        _, height, width, channels = self.images.shape
        return height, width, channels

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with the content.

        The BLAKE2b hash of the shape, the pixels, the labels and the factors. Of images drawn on demand or larger
        than 256 MiB, 1024 evenly spaced ones stand for the pixels.
        """
        whole = not isinstance(self.images, Rows) and nbytes(self.images) <= LARGE
        pixels = self.images if whole else self.images[evenly(len(self), FINGERPRINT_SAMPLE)]
        digest = hashlib.blake2b(repr(self.images.shape).encode(), digest_size=8)
        for chunk in chunks(pixels):
            digest.update(np.ascontiguousarray(chunk).data)
        for known in (self.labels, self.factors):
            digest.update(b"-" if known is None else np.ascontiguousarray(known).data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three disjoint splits of one kind of image.

    Attributes:
        name: The name it was loaded by, such as ``"mnist"`` or ``"folder:photos"``.
        train: What a model may learn from.
        validation: What chooses between models.
        test: What is reported.
        class_names: The name of each label, or None.
        factor_names: The name of each column of the factors, or None.
        source: What loads it again: ``load(**source)``; empty for one that was made by hand.
        notes: What to know about how the files were read, in sentences; a run records them.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    class_names: tuple[str, ...] | None = None
    factor_names: tuple[str, ...] | None = None
    source: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def binarize(self) -> Binarize:
        """``"dynamic"`` asks for fresh binary images each epoch; ``"static"`` says that they were drawn once."""
        return self.source.get("binarize", "none")

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name, train first."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def duplicates(self) -> dict[str, int]:
        """How many images of each held-out split also occur in the train split (0 where Latente cut it)."""
        return {"validation": self.validation.duplicates, "test": self.test.duplicates}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return self.train.image_shape

    @cached_property
    def fingerprint(self) -> str:
        """16 hex digits that change with the content of any split or with the binarization."""
        parts = "/".join([self.binarize, *(split.fingerprint for split in self.splits.values())])
        return hashlib.blake2b(parts.encode(), digest_size=8).hexdigest()


def binarize(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draws black-and-white images whose pixels are white with the probability that their grey level says.

    Args:
        images: uint8 of any shape, 0 to 255.
        rng: The randomness.

    Returns:
        uint8 of the same shape, 0 or 255, with P(255) = x / 255 exactly (so 0 and 255 stay what they are).
        Salakhutdinov and Murray (2008) draw once ("static"); Burda et al. (2016) draw each time ("dynamic").
    """
    white = images > rng.integers(0, 255, size=images.shape, dtype=np.uint8)
    return white.astype(np.uint8) * np.uint8(255)
