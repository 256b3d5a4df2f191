"""Batches of uint8 images in an order that the seed and the epoch alone decide."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from latente.data import Split, binarize
from latente.seeds import drawing


class Batches:
    """A split in batches, the ragged last one included, on the host.

    The order, and the draws of dynamic binarization, are a function of the seed, the epoch and the batch, so that a
    resumed run sees what the uninterrupted one would have seen.

    Args:
        split: The images.
        size: Images per batch.
        seed: Seed of order and draws.
        shuffle: Whether each epoch has an order of its own.
        dynamic: Whether to draw binary images, anew in each epoch.
        labelled: Whether the labels come along, as conditional VAEs take them.
    """

    def __init__(
        self, split: Split, size: int, seed: int, *, shuffle: bool, dynamic: bool, labelled: bool = False
    ) -> None:
        self.split = split
        self.size = size
        self.seed = seed
        self.shuffle = shuffle
        self.dynamic = dynamic
        self.labels = split.labels if labelled else None
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Take the order and the draws of an epoch, counted from 0."""
        self.epoch = epoch
        n = len(self.split)
        self.order = drawing(self.seed, "order", epoch).permutation(n) if self.shuffle else np.arange(n)

    def __len__(self) -> int:
        return math.ceil(len(self.split) / self.size)

    def read(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Images ``(n, H, W, C)``, and labels ``(n,)`` if any, of the batches from ``first`` up to ``last``."""
        rows = self.order[first * self.size : last * self.size]
        images = np.asarray(self.split.images[rows])
        if self.dynamic:
            cuts = range(0, len(rows), self.size)
            draws = (drawing(self.seed, "binarization", self.epoch, first + i) for i in range(len(cuts)))
            parts = (images[cut : cut + self.size] for cut in cuts)
            images = np.concatenate([binarize(part, rng) for part, rng in zip(parts, draws, strict=True)])
        return images, None if self.labels is None else self.labels[rows]


class EpochOrder(keras.callbacks.Callback):
    """Tells the batches which epoch begins.

    Args:
        batches: The training batches.
    """

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Set the order before the first batch of the epoch is asked for."""
        self.batches.start_epoch(epoch)
