"""What a checkpoint says of itself, read without its model."""

from __future__ import annotations

import math
from pathlib import Path
from zipfile import ZipFile

import h5py

from latente.errors import UserError
from latente.version import __version__


def training_of(path: Path) -> tuple[int, int]:
    """The optimizer steps that the weights in a ``.keras`` file have seen, and the number of training images.

    Raises:
        OSError, zipfile.BadZipFile, KeyError: The file is not there, damaged, or of something else than a VAE.
    """
    with ZipFile(path) as archive, archive.open("model.weights.h5") as member, h5py.File(member, "r") as weights:
        own = weights["vars"]
        return int(own["step"][()]), int(own["images"][()])


def epochs(steps: int, images: int, batch_size: int) -> int:
    """How many epochs those steps are: none for weights that were kept before the first one."""
    return steps // math.ceil(images / batch_size) if steps else 0


def unreadable(run: Path, made: str, remedy: str, error: Exception) -> UserError:
    """What to say of a checkpoint that cannot be read.

    Args:
        run: The run directory.
        made: The version of Latente that made it.
        remedy: The command that trains it anew.
        error: Why.
    """
    what = " ".join(f"{type(error).__name__}: {error}".split())
    first = "Restore its files from a copy" if made == __version__ else "Install the version that made it"
    anew = "or train it anew" if made == __version__ else "or train it anew with this one"
    return UserError(
        f"The model of {run} cannot be read. Latente {made} made it, this is {__version__}. {first}, {anew}: {remedy}. "
        f"The cause: {what}"
    )
