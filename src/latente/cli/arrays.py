"""Writing arrays as files that the user names."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np

from latente.files import written_whole


def save_npz(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write arrays as a compressed npz, whole or not at all."""

    def write(file: IO[Any]) -> None:
        # np.savez_compressed takes the names as keywords, and "file" and others for its own.
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    np.lib.format.write_array(member, array, allow_pickle=False)

    return _whole(path, "wb", write)


def save_csv(path: Path, columns: Mapping[str, np.ndarray]) -> Path:
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
