"""The small digits that come with scikit-learn: real data that need no network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from latente.data.dataset import Dataset
from latente.data.sources import source
from latente.data.splitting import Pool, divide


@source("digits", size="1,797 of 12x12x1")
def digits(data_dir: Path, *, validation: float = 0.1, test: float = 0.2) -> Dataset:
    """Small handwritten digits, built in.

    The 8x8 digits of Alpaydin and Kaynak (1998) as scikit-learn bundles them, with a black frame of two pixels so
    that strided layers halve their size twice.

    Args:
        data_dir: Not used: the images come with scikit-learn.
        validation: Share of the images to keep for validation.
        test: Share of the images to keep for the test.
    """
    from sklearn.datasets import load_digits

    bundle = load_digits()
    grey = np.rint(bundle.images * (255 / 16)).astype(np.uint8)  # they have 17 levels
    pool = Pool(
        images=np.pad(grey, ((0, 0), (2, 2), (2, 2)))[..., None],
        labels=bundle.target.astype(np.int32),
    )
    return replace(divide("digits", pool, validation=validation, test=test), class_names=tuple("0123456789"))
