"""A small classifier of a labelled data set, trained once and kept: the eye that judges samples."""

from __future__ import annotations

import json
import math
import os
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from latente.backend import jit_compile, multiplying, native_stderr_held
from latente.data import Dataset, Split, cache_directory
from latente.data.cache import landing
from latente.errors import UserError
from latente.model.arrays import in_batches
from latente.pixels import unit_scale

RECIPE = 1
"""Part of the name of the file in the cache: count it up when the network or its training changes."""
TRAIN_BATCH = 128
MOST_STEPS = 1_720
"""Four passes over Fashion-MNIST."""
MOST_PASSES = 30
PEAK_RATE = 0.002
TESTED = 10_000
"""At most so many test images give its accuracy."""


class Classifier:
    """A convolutional network trained on the train split; see ``classifier_of``.

    Args:
        network: The Keras model, from images to logits; its layer ``features`` is the last hidden one.
        protocol: ``accuracy`` and ``confidence`` (the mean probability of the most likely class) on ``n`` real test
            images, and how it was trained.
    """

    def __init__(self, network: keras.Model, protocol: dict[str, Any]) -> None:
        self.network = network
        self.protocol = protocol
        self._features = keras.Model(network.input, network.get_layer("features").output)

    @multiplying("float32")
    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Class probabilities ``(n, classes)`` of images, uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``."""
        return in_batches(lambda x: ops.softmax(self.network(unit_scale(x), training=False)), images)

    @multiplying("float32")
    def features(self, images: np.ndarray) -> np.ndarray:
        """Activations of the last hidden layer ``(n, 128)`` of images; see ``probabilities``."""
        return in_batches(lambda x: self._features(unit_scale(x), training=False), images)


def classifier_of(dataset: Dataset) -> Classifier:
    """The classifier of a labelled data set: from the cache, else trained on the train split and put there.

    The random numbers are its own: the caller's global seeds are neither used nor moved.

    Args:
        dataset: Images with labels of at least two classes.

    Raises:
        UserError: There are no labels or only one class, or the cache cannot be written.
    """
    if dataset.train.labels is None or len(np.unique(dataset.train.labels)) < 2:
        raise UserError(f"A classifier needs labels of at least two classes. '{dataset.name}' has none.")
    folder = cache_directory()
    network_file, protocol_file = (
        folder / f"classifier-{dataset.fingerprint}-{RECIPE}.{suffix}" for suffix in ("keras", "json")
    )
    if protocol_file.exists():  # it is written last
        network = keras.saving.load_model(network_file, compile=False)
        return Classifier(network, json.loads(protocol_file.read_text(encoding="utf-8")))
    classifier = _trained(dataset)
    with landing(folder, "Set LATENTE_CACHE_DIR to another folder.") as temporary:
        with native_stderr_held():
            classifier.network.save(temporary / network_file.name)
        (temporary / protocol_file.name).write_text(json.dumps(classifier.protocol), encoding="utf-8")
        for file in (network_file, protocol_file):
            os.replace(temporary / file.name, file)
    return classifier


def _network(image_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Strided convolutions down to 7 pixels or fewer, the last with 64 filters; 128 features; logits."""
    seeds = iter(range(100))

    def seeded() -> dict[str, Any]:
        return {"kernel_initializer": keras.initializers.GlorotUniform(seed=next(seeds))}

    common = {"padding": "same", "activation": "relu", "data_format": "channels_last"}
    halvings = max(1, math.ceil(math.log2(max(image_shape[:2]) / 7)))
    x = inputs = layers.Input(image_shape)
    for i in range(halvings):
        filters = max(8, 64 >> (halvings - 1 - i))
        x = layers.Conv2D(filters, 3, strides=2, **common, **seeded())(x)
    x = layers.Dense(128, activation="relu", name="features", **seeded())(layers.Flatten("channels_last")(x))
    return keras.Model(inputs, layers.Dense(classes, **seeded())(x))


@multiplying("float32")
def _trained(dataset: Dataset) -> Classifier:
    train = dataset.train
    assert train.labels is not None
    classes, targets = np.unique(train.labels, return_inverse=True)
    steps = min(MOST_STEPS, MOST_PASSES * math.ceil(len(train) / TRAIN_BATCH))
    network = _network(dataset.image_shape, len(classes))
    network.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(PEAK_RATE, steps)),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=jit_compile(),
    )
    rng = np.random.default_rng(0)
    passes = math.ceil(steps * TRAIN_BATCH / len(train))
    order = np.concatenate([rng.permutation(len(train)) for _ in range(passes)])
    for step in range(steps):
        # Not fit: with arrays it would shuffle by the global seed.
        rows = order[step * TRAIN_BATCH : (step + 1) * TRAIN_BATCH]
        network.train_on_batch(unit_scale(train.images[rows]), targets[rows])
    classifier = Classifier(network, {})
    classifier.protocol = _judged(classifier, dataset.test, classes)
    return classifier


def _judged(classifier: Classifier, test: Split, classes: np.ndarray) -> dict[str, Any]:
    """Accuracy and confidence on real test images."""
    rows = np.random.default_rng(0).permutation(len(test))[:TESTED]
    probabilities = classifier.probabilities(test.images[np.sort(rows)])
    assert test.labels is not None
    right = classes[probabilities.argmax(axis=1)] == test.labels[np.sort(rows)]
    return {
        "accuracy": float(right.mean()),
        "confidence": float(probabilities.max(axis=1).mean()),
        "n": len(rows),
        "recipe": RECIPE,
    }
