"""Batches of uint8 images in an order that the seed and the epoch alone decide."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from latente.data import Split, binarize
from latente.seeds import drawing


class Batches(keras.utils.PyDataset):
    """A split as batches for ``fit`` and ``evaluate``, the ragged last one included.

    The order, and the draws of dynamic binarization, are a function of the seed, the epoch and the batch, so that a
    resumed run sees what the uninterrupted one would have seen.

    Args:
        split: The images.
        batch_size: Images per batch.
        seed: Seed of order and draws.
        shuffle: Whether each epoch has an order of its own.
        dynamic: Whether to draw binary images, anew in each epoch.
        labelled: Whether a batch is ``{"images": ..., "labels": ...}``, as conditional VAEs take it.
    """

    def __init__(
        self, split: Split, batch_size: int, seed: int, *, shuffle: bool, dynamic: bool, labelled: bool = False
    ) -> None:
        super().__init__()
        self.split = split
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.dynamic = dynamic
        self.labelled = labelled
        self.start_epoch(0)

    def start_epoch(self, epoch: int) -> None:
        """Take the order and the draws of an epoch, counted from 0."""
        self.epoch = epoch
        n = len(self.split)
        self.order = drawing(self.seed, "order", epoch).permutation(n) if self.shuffle else np.arange(n)

    def __len__(self) -> int:
        return math.ceil(len(self.split) / self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any]:
        rows = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        images = np.asarray(self.split.images[rows])
        if self.dynamic:
            images = binarize(images, drawing(self.seed, "binarization", self.epoch, index))
        if not self.labelled:
            return (images,)
        assert self.split.labels is not None
        return ({"images": images, "labels": self.split.labels[rows]},)


def stream(batches: Batches) -> Any:
    """The batches in the form that Keras reads without waiting: on TensorFlow a ``tf.data.Dataset``.

    Keras would wrap them in one itself, and make an iterator each epoch. With tf.data's autotuning on, closing an
    iterator now and then waits for the tuning thread, which sleeps through the call to stop: for 10 ms * 2^n, up to
    minutes (benchmarks/README.md has the stacks). There is nothing here to tune.
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    images = tf.TensorSpec((None, *batches.split.image_shape), "uint8")
    labelled = {"images": images, "labels": tf.TensorSpec((None,), "int32")}
    signature = (labelled if batches.labelled else images,)
    dataset = tf.data.Dataset.from_generator(
        lambda: (batches[index] for index in range(len(batches))), output_signature=signature
    )
    return dataset.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2).with_options(options)


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
