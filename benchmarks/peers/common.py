"""What every stack's program shares: its arguments, the images, the stopwatch, the yardstick and the result line."""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import time
from collections.abc import Callable
from importlib.metadata import packages_distributions, version
from typing import Any

import numpy as np

BATCH = 128
LEARNING_RATE = 1e-3
LATENTS = 10
SIDE = 28


def parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments of a training program."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--data", required=True, help="archive of the uint8 images, from export_data.py")
    made.add_argument("--epochs", type=int, required=True)
    made.add_argument("--seed", type=int, required=True)
    made.add_argument("--images", type=int, required=True, help="train on the first so many images")
    return made


def splits(path: str, images: int) -> dict[str, np.ndarray]:
    """The train (cut to so many), validation and test images, (n, 28, 28, 1) uint8."""
    with np.load(path) as archive:
        found = {name: archive[name] for name in ("train", "validation", "test")}
    return {**found, "train": found["train"][:images]}


def unit(images: np.ndarray) -> np.ndarray:
    """Float32 in [0, 1]."""
    return images.astype("float32") / 255.0


class Watch:
    """Times a training; made just before the stack is imported, when the images are in memory."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.first: float | None = None

    def step(self, images: int) -> None:
        """A step on so many images has ended; only the first matters."""
        if self.first is None:
            self.first, self.first_images = time.perf_counter(), images

    def stop(self) -> None:
        """The training has ended, with everything that it does at its end."""
        self.seconds = time.perf_counter() - self.first
        self.peak_rss = peak_rss()


def peak_rss() -> float:
    """The most memory that this process has held so far, in MiB."""
    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes / 2**20


def elbo(
    images: np.ndarray,
    encode: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    decode: Callable[[np.ndarray], np.ndarray],
) -> float:
    """The mean ELBO in nats: cross-entropy for one draw of z per image, the same for every stack, and the KL.

    Args:
        images: uint8, (n, 28, 28, 1).
        encode: From float32 images in [0, 1] to the means and the log-variances of z, each (n, 10).
        decode: From codes (n, 10) to one logit per pixel.
    """
    noise = np.random.default_rng(0)
    total = 0.0
    for start in range(0, len(images), 500):
        batch = unit(images[start : start + 500])
        mean, log_var = (np.asarray(part, "float64") for part in encode(batch))
        z = mean + np.exp(0.5 * log_var) * noise.standard_normal(mean.shape)
        logits = np.asarray(decode(z.astype("float32")), "float64").reshape(len(batch), -1)
        pixels = batch.reshape(len(batch), -1)
        cross_entropy = (np.logaddexp(0.0, logits) - pixels * logits).sum()
        total -= cross_entropy + 0.5 * (mean**2 + np.exp(log_var) - 1.0 - log_var).sum()
    return total / len(images)


def report(watch: Watch, arguments: argparse.Namespace, packages: tuple[str, ...], **figures: Any) -> None:
    """Print the result line."""
    images = arguments.epochs * arguments.images - watch.first_images
    # The module tensorflow is of the distribution tensorflow or tensorflow-cpu; an editable one lists no modules.
    distributions = packages_distributions()
    versions = {name: version(distributions.get(name, [name])[0]) for name in packages}
    line = {
        "images_per_second": images / watch.seconds,
        "seconds": watch.seconds,
        "images": images,
        "epochs": arguments.epochs,
        "seed": arguments.seed,
        "first_step_seconds": watch.first - watch.started,
        "peak_rss_mib": watch.peak_rss,
        **figures,
        "versions": {"python": platform.python_version(), **versions},
    }
    print(json.dumps(line), flush=True)
