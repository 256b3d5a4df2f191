"""CelebA's aligned faces, from the official zip or its folder."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from latente.data.dataset import Dataset
from latente.data.decoded import decode
from latente.data.decoding import Files, Wish
from latente.data.folder import image_files
from latente.data.sources import source
from latente.data.splitting import TEST, TRAIN, VALIDATION, Pool, divide
from latente.errors import UserError

IMAGES = "img_align_celeba"
COUNT = 202_599
# The usual crop, for figures that compare: the central 148 of the 178 pixels of width.
CROP = 148 / 178


def _base(data_dir: Path) -> Path | None:
    """The folder that holds the zip or the folder of images: ``data_dir/celeba`` or ``data_dir`` itself."""
    for base in (data_dir / "celeba", data_dir):
        if (base / f"{IMAGES}.zip").is_file() or (base / IMAGES).is_dir():
            return base
    return None


def _placed(data_dir: Path) -> Path:
    base = _base(data_dir)
    if base is None:
        raise UserError(
            f"CelebA needs {IMAGES}.zip (or its folder {IMAGES}/) in {data_dir / 'celeba'}. Received neither. "
            "Its licence (non-commercial research) asks you to fetch it yourself: search for 'CelebA dataset', take "
            f"'Align&Cropped Images' and put the zip there. list_eval_partition.txt and list_attr_celeba.txt beside "
            "it are used too."
        )
    return base


@source("celeba", size="202,599 of 64x64x3", here=lambda data_dir: _base(data_dir) is not None, fetch=_placed)
def celeba(
    data_dir: Path, *, size: tuple[int, ...] = (64,), skip_bad: bool = False, validation: float = 0.1, test: float = 0.1
) -> Dataset:
    """Celebrities' faces (Liu et al. 2015).

    The central square of 148/178 of the width, resized. The 40 attributes are the factors (0 or 1) if
    list_attr_celeba.txt or .csv is there; the official splits are used if list_eval_partition.txt or .csv is.

    Args:
        data_dir: Holds ``celeba/img_align_celeba.zip`` or ``celeba/img_align_celeba/``.
        size: Height and width of the images in pixels, or one number for both.
        skip_bad: Leave out files that cannot be read, and say how many, instead of stopping at the first.
        validation: Share of the images to keep for validation where there is no partition file.
        test: Share of the images to keep for the test where there is no partition file.
    """
    base = _placed(data_dir)
    archive = base / f"{IMAGES}.zip"
    files = zipped_files(archive) if archive.is_file() else image_files(base / IMAGES, frozenset({".jpg", ".png"}))
    decoded = decode("celeba", files, Wish(size, 3, CROP, skip_bad=skip_bad))
    names = [Path(name).name for name in decoded.files]
    _, partition = _table(base, "list_eval_partition", names)
    attributes, values = _table(base, "list_attr_celeba", names)
    pool = Pool(
        images=decoded.images,
        factors=None if values is None else (values > 0).astype(np.int32),
        parts=None if partition is None else _parts(partition[:, 0]),
        keys=decoded.keys,
    )
    dataset = replace(divide("celeba", pool, validation=validation, test=test), factor_names=attributes)
    if len(files.names) == COUNT:
        return replace(dataset, notes=decoded.notes)
    note = f"Not the whole CelebA: {files.place} holds {len(files.names):,} of its {COUNT:,} images."
    return replace(dataset, notes=(*decoded.notes, note))


def _parts(partition: np.ndarray) -> np.ndarray:
    """The official splits, (N,) int8, after the check that there are no others."""
    if not np.isin(partition, (TRAIN, VALIDATION, TEST)).all():
        raise UserError(
            f"list_eval_partition must give 0 (train), 1 (validation) or 2 (test) to each image. "
            f"Received {partition.min()} to {partition.max()}. Fetch it again."
        )
    return partition.astype(np.int8)


def zipped_files(archive: Path) -> Files:
    """The JPEG and PNG files in a zip, in the order of their names, read without unpacking it."""
    try:
        zipped = zipfile.ZipFile(archive)
    except zipfile.BadZipFile as error:
        raise UserError(
            f"{archive} must be a whole zip file. Received a damaged one ({error}). Fetch it again."
        ) from error
    names = sorted(
        name for name in zipped.namelist() if name.lower().endswith((".jpg", ".png")) and "__MACOSX" not in name
    )
    if not names:
        raise UserError(f"{archive} must hold .jpg or .png files. Received none. Fetch it again.")
    return Files(archive, names, zipped.open, [[name, zipped.getinfo(name).CRC] for name in names])


def _table(base: Path, stem: str, names: list[str]) -> tuple[tuple[str, ...] | None, np.ndarray | None]:
    """The column names and the rows (N, K) for the given images of one of CelebA's lists; None if it is not there.

    The lists come as text (a count and a header line come first, or nothing does) and as CSV (a header does).
    """
    path = next((path for end in (".txt", ".csv") if (path := base / f"{stem}{end}").is_file()), None)
    if path is None:
        return None, None
    header: list[str] = []
    rows: dict[str, str] = {}
    for line in path.read_text().replace(",", " ").splitlines():
        first, _, rest = line.strip().partition(" ")
        if first.endswith((".jpg", ".png")):
            rows[first] = rest
        elif not rows:
            header = [word for word in line.split() if word != "image_id"]
    missing = [name for name in names if name not in rows]
    if missing:
        raise UserError(
            f"{path} must list every image. Received no line for {len(missing):,} of {len(names):,}, such as "
            f"{missing[0]}. Take the list that belongs to the images, or remove it."
        )
    try:
        table = np.array([rows[name].split() for name in names]).astype(np.int32)
    except ValueError as error:
        raise UserError(
            f"{path} must give whole numbers, as many in each line. Received: {error}. Fetch it again."
        ) from error
    return tuple(header), table
