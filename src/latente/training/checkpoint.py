"""What a checkpoint says of itself, read without its model."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import h5py


def training_of(path: Path) -> tuple[int, int]:
    """The optimizer steps that the weights in a ``.keras`` file have seen, and the number of training images.

    Raises:
        OSError, zipfile.BadZipFile, KeyError: The file is not there, damaged, or of something else than a VAE.
    """
    with ZipFile(path) as archive, archive.open("model.weights.h5") as member, h5py.File(member, "r") as weights:
        own = weights["vars"]
        return int(own["step"][()]), int(own["images"][()])
