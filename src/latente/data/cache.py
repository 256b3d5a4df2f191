"""Where data lie on this machine, and files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from latente.errors import UserError


def data_directory(data_dir: str | os.PathLike[str] | None = None) -> Path:
    """The folder of the data sets: the argument, else $LATENTE_DATA_DIR, else the user's cache folder for Latente."""
    chosen = data_dir or os.environ.get("LATENTE_DATA_DIR")
    return Path(chosen).expanduser() if chosen else _user_cache()


def cache_directory() -> Path:
    """The folder of decoded images: $LATENTE_CACHE_DIR, else ``cache`` in the user's cache folder for Latente."""
    chosen = os.environ.get("LATENTE_CACHE_DIR")
    return Path(chosen).expanduser() if chosen else _user_cache() / "cache"


@contextmanager
def landing(folder: Path, remedy: str) -> Iterator[Path]:
    """A temporary folder inside ``folder``, from which finished files are renamed into place.

    It is removed at the end, and new folders that are still empty too, so that a failure leaves no trace.

    Raises:
        UserError: ``folder`` cannot be written; the message ends in the remedy.
    """
    new = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.TemporaryDirectory(prefix=".part-", dir=folder)
    except OSError as error:
        raise UserError(f"The folder {folder} must be writable. Received: {error.strerror}. {remedy}") from error
    try:
        with temporary as name:
            yield Path(name)
    finally:
        for each in new:
            if not any(each.iterdir()):
                each.rmdir()


def _user_cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("latente", appauthor=False)
