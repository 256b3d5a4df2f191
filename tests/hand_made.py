"""A run made by hand, at once: every image, weight, entry of the log and class is known, and nothing is trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latente.data import Dataset, Split
from latente.training import Run, resolve
from latente.training.build import build
from latente.training.config import completed
from latente.version import __version__

CLASSES = ("ant", "bee", "cat")
HEADERS = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
"""What every answer of the service tells a browser."""


def dataset_of(shape: tuple[int, int, int], n: int = 10, class_names: Sequence[str] | None = CLASSES) -> Dataset:
    """Splits of 4, 3 and n images of noise, with the labels 2, 0, 1, 2, ..."""
    rng = np.random.default_rng(0)
    splits = [
        Split(rng.integers(0, 256, (size, *shape), dtype="uint8"), (np.arange(size, dtype="int32") + 2) % 3)
        for size in (4, 3, n)
    ]
    names = None if class_names is None else tuple(class_names)
    return Dataset("cells", *splits, class_names=names, source={"name": "cells"})


def hand_made(
    path: Path,
    data: Dataset,
    classes: Sequence[str] = (),
    entry: dict[str, Any] | None = None,
    seed: int = 0,
    **options: Any,
) -> Run:
    """A run on these data whose weights are drawn from the seed, with one epoch in its log."""
    chosen = {"network": "Dense", "network.hidden": (6,), "latent_dim": 3, **options}
    asked = {"data": "npz:/secret/cells.npz", "conditional": bool(classes), **chosen}
    config = completed(resolve(asked), len(data.train))
    environment = {
        "versions": {"latente": __version__, "keras": "3.99"},
        "backend": "abacus",
        "precision": "float32",
        "image_shape": list(data.image_shape),
        "images": {name: len(split) for name, split in data.splits.items()},
        "data_fingerprint": data.fingerprint,
        "classes": list(classes),
        "machine": "secret",
        "git_commit": "secret",
    }
    run = Run.create(path, config, environment, held=data)
    return after_an_epoch(run, len(data.train), {"epoch": 1, "val_elbo": -12.345, **(entry or {})}, seed)


def after_an_epoch(run: Run, images: int, entry: dict[str, Any], seed: int | None = None) -> Run:
    """The run with its first epoch, of one batch, in its log; its weights are drawn, or those of the start."""
    run.record(entry)
    vae = build(run.config, tuple(run.environment["image_shape"]), classes=len(run.classes))
    if seed is not None:
        rng = np.random.default_rng(seed)
        for variable in vae.trainable_variables:
            variable.assign(rng.normal(scale=0.4, size=variable.shape))
    vae.step.assign(1)
    vae.images.assign(images)
    run.save(vae, best=True)
    return run


def idx_bytes(array: np.ndarray) -> bytes:
    """Bytes as a file of MNIST holds them."""
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.astype(np.uint8).tobytes()
