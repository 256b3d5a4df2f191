"""Trains Latente for some minutes while a thread watches for moments in which the process computes nothing."""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import latente  # before Keras, as its documentation says
from latente import data

# isort: split
import keras
from keras_callbacks import add_callback

PERIOD_SECONDS = 0.1
# A tick is idle when the process used less than this share of one core; training uses nearly two.
IDLE_CORES = 0.2


class IdleWatch(threading.Thread):
    """Notes the longest and the total time of ticks without computing, and how much was computed."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.done = threading.Event()
        self.longest = self.total = self.current = 0.0

    def run(self) -> None:
        """Tick until told that it is done."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.first_wall, self.first_cpu = wall, cpu
        while not self.done.wait(PERIOD_SECONDS):
            before_wall, before_cpu = wall, cpu
            wall, cpu = time.perf_counter(), time.process_time()
            idle = cpu - before_cpu < IDLE_CORES * (wall - before_wall)
            self.current = self.current + wall - before_wall if idle else 0.0
            self.longest = max(self.longest, self.current)
            self.total += wall - before_wall if idle else 0.0
        self.cores = (cpu - self.first_cpu) / (wall - self.first_wall)


class Until(keras.callbacks.Callback):
    """Starts the watch at the first step, and ends the training after the epoch in which the time is over."""

    def __init__(self, watch: IdleWatch, seconds: float) -> None:
        super().__init__()
        self.watch, self.seconds = watch, seconds

    def on_train_batch_end(self, batch, logs=None):
        """The first step is over, with what it compiled."""
        if not self.watch.ident:
            self.started = time.perf_counter()
            self.watch.start()

    def on_epoch_end(self, epoch, logs=None):
        """Whether it is time to end."""
        self.model.stop_training = time.perf_counter() - self.started > self.seconds


def main() -> None:
    """Train, and print the result line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--images", type=int, required=True, help="train on the first so many images")
    arguments = parser.parse_args()
    dataset = data.load("fashion-mnist", data_dir=arguments.data_dir)
    dataset = replace(dataset, train=data.Split(dataset.train.images[: arguments.images]))
    watch = IdleWatch()
    until = Until(watch, arguments.seconds)
    add_callback(until)
    with tempfile.TemporaryDirectory() as folder:
        run = latente.train(
            dataset, Path(folder) / "run", epochs=math.ceil(10 * arguments.seconds), **{"training.pictures_every": 0}
        )
        seconds = time.perf_counter() - until.started
        speeds = [entry["images_per_second"] for entry in run.log]
    watch.done.set()
    watch.join()
    line = {
        "seconds": seconds,
        "epochs": len(speeds),
        "longest_idle_seconds": watch.longest,
        "idle_seconds": watch.total,
        "cores": watch.cores,
        "images_per_second": len(dataset.train) * len(speeds) / seconds,
        "images_per_second_by_epoch": speeds,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
