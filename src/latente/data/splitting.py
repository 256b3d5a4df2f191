"""From one pool of images to three splits that share none of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from latente.data.dataset import LARGE, Dataset, Images, Rows, Split, chunks, nbytes
from latente.errors import UserError

TRAIN, VALIDATION, TEST = 0, 1, 2
# What people call their splits, in folder names and in array keys.
SPLIT_WORDS = {"train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION, "test": TEST}
# Splits never depend on the training seed: two runs with different seeds are judged on the same images.
SPLIT_SEED = 20_131_220
# Real data sets repeat a few images; beyond this share somebody trains on train + test.
MOST_SHARED = 0.05


@dataclass(frozen=True, eq=False)
class Pool:
    """All images of a source before they are divided.

    Attributes:
        images: (N, H, W, C) uint8.
        labels: (N,) int32 or None.
        factors: (N, F) int32 or None.
        parts: (N,) int8, the split that the source itself gives each image (TRAIN, VALIDATION, TEST), or None.
            A held-out split that it does not give is cut from TRAIN.
        keys: (N,) integers, equal for identical images and only for them; hashed from the pixels when None.
        files: (N,) str, the file that each image is read from, or None.
    """

    images: Images
    labels: np.ndarray | None = None
    factors: np.ndarray | None = None
    parts: np.ndarray | None = None
    keys: np.ndarray | None = None
    files: np.ndarray | None = None

    def take(self, index: np.ndarray) -> Split:
        """Some of the images as a split: a copy if that is small, else read on demand."""
        lazy = not isinstance(self.images, np.ndarray) or isinstance(self.images, np.memmap)
        rows = Rows(self.images, index)
        return Split(
            images=rows if lazy or nbytes(self.images) > LARGE else rows[:],
            labels=None if self.labels is None else self.labels[index],
            factors=None if self.factors is None else self.factors[index],
            files=None if self.files is None else self.files[index],
        )


def image_keys(images: Images) -> np.ndarray:
    """A 64-bit hash of each image, (N,) uint64: equal for identical images."""
    digests = b"".join(
        hashlib.blake2b(row.data, digest_size=8).digest()
        for chunk in chunks(images)
        for row in np.ascontiguousarray(chunk).reshape(len(chunk), -1)
    )
    return np.frombuffer(digests, np.uint64)


def divide(name: str, pool: Pool, *, validation: float, test: float = 0.1) -> Dataset:
    """Divides a pool into train, validation and test; identical images always end in the same cut.

    Args:
        name: The data set's name, for the messages.
        pool: The images, with the splits that the source gives, if any.
        validation: How many images to cut from the train part where the source gives no validation split: an int is
            a number, a float a share.
        test: The same for the test split.

    Raises:
        UserError: A cut that leaves a split empty; a held-out split of which more than 5% is also in train.
    """
    n = len(pool.images)
    keys = image_keys(pool.images) if pool.keys is None else pool.keys
    parts = np.zeros(n, np.int8) if pool.parts is None else pool.parts.copy()
    given = set(np.unique(parts).tolist())
    whole = int((parts == TRAIN).sum())
    cuts = [
        option
        for part, option, amount in ((VALIDATION, "validation", validation), (TEST, "test", test))
        if part not in given and amount != 0
    ]
    if whole <= len(cuts):
        raise UserError(
            f"'{name}' needs at least {len(cuts) + 1} images: one to train on, and one each for {' and '.join(cuts)}. "
            f"Received {whole}. Add images."
        )
    # The test cut does not depend on how much is kept for validation.
    for part, option, amount in ((TEST, "test", test), (VALIDATION, "validation", validation)):
        if part not in given:
            rows = np.flatnonzero(parts == TRAIN)
            count = _count(name, option, amount, whole, len(rows))
            parts[rows[_cut(keys[rows], count)]] = part
    index = [np.flatnonzero(parts == part) for part in (TRAIN, VALIDATION, TEST)]
    wanted = [True, VALIDATION in given or validation != 0, TEST in given or test != 0]
    if any(asked and len(rows) == 0 for asked, rows in zip(wanted, index, strict=True)):
        raise UserError(
            f"'{name}' needs at least one image of its own in each of train, validation and test. "
            f"Received {n:,} images, {len(np.unique(keys)):,} of them different. Add different images."
        )
    train_keys = np.unique(keys[index[TRAIN]])
    splits = [pool.take(rows) for rows in index]
    for part in (VALIDATION, TEST):
        splits[part] = replace(splits[part], duplicates=int(np.isin(keys[index[part]], train_keys).sum()))
    dataset = Dataset(name, splits[TRAIN], splits[VALIDATION], splits[TEST])
    _refuse_shared(dataset)
    return dataset


def thin(dataset: Dataset, subset: int) -> Dataset:
    """Keeps ``subset`` evenly random images of the train split (0: all)."""
    if subset == 0:
        return dataset
    whole = dataset.train
    if not 0 < subset <= len(whole):
        raise UserError(
            f"The option subset of '{dataset.name}' must be 0 (all) or a number of train images up to {len(whole):,}. "
            f"Received {subset}."
        )
    index = np.sort(np.random.default_rng(SPLIT_SEED).choice(len(whole), subset, replace=False))
    return replace(dataset, train=Pool(whole.images, whole.labels, whole.factors, files=whole.files).take(index))


def _count(name: str, option: str, amount: float, whole: int, left: int) -> int:
    """How many images an amount (an int is a number, a float a share of the train part) means."""
    if amount == 0:
        return 0
    share = isinstance(amount, float)
    valid = 0 < amount < 1 if share else amount > 0
    count = left if not valid else max(1, round(amount * whole)) if share else int(amount)
    if count >= left:
        unit = "a share from 0 to 1" if share else "a number of images of at least 0"
        raise UserError(
            f"The option {option} of '{name}' must be {unit} that leaves images to train on. "
            f"Received {amount}, with {left:,} images to take from."
        )
    return count


def _cut(keys: np.ndarray, count: int) -> np.ndarray:
    """The positions of about ``count`` random images, with all the copies of each."""
    _, group, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.random.default_rng(SPLIT_SEED).permutation(len(sizes))
    fits = np.cumsum(sizes[order]) <= count
    chosen = order[fits]
    # A group too large for the last places is passed over; images without a copy fill them exactly.
    rest = order[~fits]
    chosen = np.concatenate([chosen, rest[sizes[rest] == 1][: count - sizes[chosen].sum()]])
    return np.flatnonzero(np.isin(group, chosen))


def _refuse_shared(dataset: Dataset) -> None:
    """Stops when a held-out split is, to a good part, the train split."""
    for part, count in dataset.duplicates.items():
        total = len(dataset.splits[part])
        if count > MOST_SHARED * total:
            raise UserError(
                f"The splits of '{dataset.name}' must be disjoint. Received a {part} split of {total:,} images "
                f"of which {count:,} also occur in train: figures on them would say nothing about new images. "
                f"Remove them from train, or give one pool of images and let Latente split it."
            )
