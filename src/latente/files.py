"""Names of files, and writing them whole."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from latente.errors import UserError


def file_name(text: str, keep: str = "") -> str:
    """A text as a part of a file's name: its letters, its digits and what is kept, with a hyphen for all between."""
    return re.sub(f"[^A-Za-z0-9{re.escape(keep)}]+", "-", text).strip("-")


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path to write to, and rename it to ``path`` at the end; on a failure, nothing is left behind.

    Raises:
        UserError: The path cannot be written.
    """
    if path.is_dir():
        raise UserError(f"{path} cannot be written: it is a folder. Name a file.")
    temporary = path.with_name(f".{path.name}.writing")
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Choose another path.") from None
    finally:
        with contextlib.suppress(OSError):  # the folder may not even exist
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_written_whole(path: Path, replace: bool = False) -> Iterator[Path]:
    """Give a folder to write to, and rename it to ``path`` at the end; on a failure, nothing is left behind.

    Args:
        path: Where it belongs.
        replace: Whether a folder that is there already goes; never for a path that the user named.

    Raises:
        UserError: Something else is there, or the path cannot be written.
    """
    if path.exists() and not replace and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{path} exists already. Choose another path, or remove it.")
    staging = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        staging.chmod(0o755)  # mkdtemp makes it private
        yield staging
        shutil.rmtree(path, ignore_errors=True)
        staging.rename(path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Choose another path.") from None
    finally:
        if staging:
            shutil.rmtree(staging, ignore_errors=True)
