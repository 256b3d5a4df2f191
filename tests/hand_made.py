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
    run.record({"epoch": 1, "val_elbo": -12.345, **(entry or {})})
    vae = build(config, data.image_shape, classes=len(classes))
    rng = np.random.default_rng(seed)
    for variable in vae.trainable_variables:
        variable.assign(rng.normal(scale=0.4, size=variable.shape))
    vae.step.assign(1)
    vae.images.assign(len(data.train))
    run.save(vae, best=True)
    return run
