"""Writing files whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from latente.errors import UserError


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
