"""Trains Latente on so many images of a source, and prints the speed of the steps and the memory held."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from pathlib import Path

import latente  # before Keras, as its documentation says
from latente import data

# isort: split
import common
import keras
from keras_callbacks import add_callback, steps_of

HELD_OUT = 500


class Steps(keras.callbacks.Callback):
    """Adds up the time of the steps after the first call, and stops at a number of images.

    Args:
        n: Training images in an epoch.
        batch: Images in a batch.
        images: Where to stop.
    """

    async_safe = True  # Keras calls back as it does without this callback

    def __init__(self, n: int, batch: int, images: int) -> None:
        super().__init__()
        self.n, self.batch, self.images = n, batch, images
        self.seconds, self.seen, self.warm, self.position = 0.0, 0, False, 0

    def on_epoch_begin(self, epoch, logs=None):
        """The time between epochs does not count."""
        self.before = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Count the images since the last call, which may have taken several steps."""
        epochs, steps = divmod(steps_of(self.model), math.ceil(self.n / self.batch))
        now, position = time.perf_counter(), epochs * self.n + min(steps * self.batch, self.n)
        if self.warm:
            self.seconds += now - self.before
            self.seen += position - self.position
        self.warm, self.before, self.position = True, now, position
        if self.seen >= self.images:
            self.model.stop_training = True


def main() -> None:
    """Train, and print the result line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", required=True, help="'shapes' or 'npy:PATH'")
    parser.add_argument("--subset", type=int, required=True, help="images of shapes to train on; 0 takes all")
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--images", type=int, required=True, help="how many to see in all")
    arguments = parser.parse_args()
    if arguments.source == "shapes":
        options = {"validation": HELD_OUT, "test": HELD_OUT, "subset": arguments.subset}
    else:
        options = {"validation": 0.05, "test": 0.05}
    dataset = data.load(arguments.source, **options)
    n = len(dataset.train)
    steps = Steps(n, arguments.batch, arguments.images)
    add_callback(steps)
    with tempfile.TemporaryDirectory() as folder:
        latente.train(
            dataset,
            Path(folder) / "run",
            batch_size=arguments.batch,
            epochs=math.ceil(arguments.images / n) + 1,
            **{"training.pictures_every": 0},
        )
    line = {"images_per_second": steps.seen / steps.seconds, "train_images": n, "peak_rss_mib": common.peak_rss()}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
