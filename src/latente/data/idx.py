"""MNIST and Fashion-MNIST: IDX files, from a folder or from the network."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from latente.data.dataset import Dataset
from latente.data.download import download
from latente.data.sources import source
from latente.data.splitting import TEST, TRAIN, Pool, divide
from latente.errors import UserError

# Checksums as published with the data sets (and in torchvision's MNIST and FashionMNIST).
FILES = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
        "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
        "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
    },
    "fashion-mnist": {
        "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
        "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
        "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
    },
}
# The same of the unpacked files, since archives packed anew hold the published data too.
CONTENTS = {
    "mnist": {
        "train-images-idx3-ubyte.gz": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte.gz": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte.gz": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte.gz": "27ae3e4e09519cfbb04c329615203637",
    },
    "fashion-mnist": {
        "train-images-idx3-ubyte.gz": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte.gz": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte.gz": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte.gz": "15d484375f8d13e6eb1aabb0c3f46965",
    },
}
MIRRORS = {
    "mnist": (
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "https://ossci-datasets.s3.amazonaws.com/mnist",
    ),
    "fashion-mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
}
COUNTS = {"train": 60_000, "t10k": 10_000}
GARMENTS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip
SIZE = "70,000 of 28x28x1"


def _folder(name: str, data_dir: Path) -> Path | None:
    """The folder that holds all four files, packed or not: ``data_dir/NAME`` or ``data_dir`` itself."""
    for folder in (data_dir / name, data_dir):
        if all(_path(folder, file).exists() for file in FILES[name]):
            return folder
    return None


def _path(folder: Path, file: str) -> Path:
    """The file as it is published or, as some browsers leave it, unpacked."""
    unpacked = folder / file.removesuffix(".gz")
    return unpacked if unpacked.exists() and not (folder / file).exists() else folder / file


def _fetch(name: str, data_dir: Path) -> Path:
    """The folder of the files, downloaded first where they are missing."""
    folder = _folder(name, data_dir)
    if folder is None:
        folder = data_dir / name
        download(folder, FILES[name], MIRRORS[name])
    return folder


def _published(name: str) -> Callable[[Callable[..., Dataset]], Callable[..., Dataset]]:
    """Declare a source of four published files."""
    return source(name, size=SIZE, here=lambda at: _folder(name, at) is not None, fetch=lambda at: _fetch(name, at))


@_published("mnist")
def mnist(data_dir: Path, *, validation: int = 5000) -> Dataset:
    """Handwritten digits (LeCun 1998).

    Args:
        data_dir: Holds ``mnist/`` with the four IDX files; they are downloaded when missing.
        validation: How many of the 60,000 train images to keep for validation.
    """
    return _load("mnist", data_dir, validation, tuple("0123456789"))


@_published("fashion-mnist")
def fashion_mnist(data_dir: Path, *, validation: int = 5000) -> Dataset:
    """Garments (Xiao et al. 2017).

    Args:
        data_dir: Holds ``fashion-mnist/`` with the four IDX files; they are downloaded when missing.
        validation: How many of the 60,000 train images to keep for validation.
    """
    return _load("fashion-mnist", data_dir, validation, GARMENTS)


def _load(name: str, data_dir: Path, validation: int, class_names: tuple[str, ...]) -> Dataset:
    folder = _fetch(name, data_dir)
    arrays = {file: read_idx(_path(folder, file), _shape(file)) for file in FILES[name]}
    images, labels = ([array for file, array in arrays.items() if kind in file] for kind in ("images", "labels"))
    highest = max(each.max() for each in labels)
    if highest >= len(class_names):
        raise UserError(f"The labels of '{name}' must be 0 to 9. Received {highest} in {folder}.")
    pool = Pool(
        images=np.concatenate(images)[..., None],
        labels=np.concatenate(labels).astype(np.int32),
        parts=np.repeat(np.array([TRAIN, TEST], np.int8), list(map(len, labels))),
    )
    dataset = replace(divide(name, pool, validation=validation), class_names=class_names)
    other = [_path(folder, file).name for file, array in arrays.items() if _md5(array) != CONTENTS[name][file]]
    if not other:
        return dataset
    note = f"Not the published files of {name}: {', '.join(other)} in {folder}. Figures on them compare with no others."
    return replace(dataset, notes=(note,))


def _shape(file: str) -> tuple[int, ...]:
    n = COUNTS[file.partition("-")[0]]
    return (n, 28, 28) if "images" in file else (n,)


def _header(shape: tuple[int, ...]) -> bytes:
    return bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()


def _md5(array: np.ndarray) -> str:
    """The checksum of the unpacked file that an array was read from."""
    digest = hashlib.md5(_header(array.shape), usedforsecurity=False)
    digest.update(array.data)
    return digest.hexdigest()


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Reads an IDX file of unsigned bytes, packed with gzip or not.

    Args:
        path: The file; it is packed if its name ends in ``.gz``.
        shape: The shape that it must have.

    Returns:
        uint8 array of that shape.

    Raises:
        UserError: The file is cut off, is no gzip file, or its header or length says another shape or type.
    """
    remedy = "Delete it and fetch it again (latente data get NAME), or put a sound copy in its place."
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, zlib.error, OSError) as error:
        raise UserError(
            f"{path} must be a whole gzip file. Received one that cannot be read: {error}. {remedy}"
        ) from error
    expected = _header(shape)
    head = len(expected)
    if content[:head] != expected:
        raise UserError(
            f"{path} must be an IDX file of unsigned bytes with shape {shape}, so begin with {expected.hex(' ', 4)}. "
            f"Received {content[:head].hex(' ', 4) or 'nothing'}. {remedy}"
        )
    if len(content) - head != np.prod(shape):
        raise UserError(
            f"{path} must hold {np.prod(shape):,} bytes after its header. Received {len(content) - head:,}. {remedy}"
        )
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape)
