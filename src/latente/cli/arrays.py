"""Writing arrays and reading images that the user names."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import numpy as np

from latente.files import written_whole


def save_npz(path: Path, **arrays: np.ndarray) -> Path:
    """Write arrays as a compressed npz, whole or not at all."""
    return _whole(path, "wb", lambda file: np.savez_compressed(file, allow_pickle=False, **arrays))


def save_csv(path: Path, columns: dict[str, np.ndarray]) -> Path:
    """Write columns of equal length as CSV with a header, whole or not at all."""

    def write(file: IO[Any]) -> None:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))

    return _whole(path, "w", write)


def _whole(path: Path, mode: str, write: Callable[[IO[Any]], Any]) -> Path:
    with written_whole(path) as temporary, open(temporary, mode, newline="" if mode == "w" else None) as file:
        write(file)
    return path
