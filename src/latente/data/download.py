"""Files from the network: checked, from a second mirror if the first fails, and whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from latente.backend import import_keras
from latente.data.cache import landing
from latente.errors import UserError

# keras.utils.get_file waits for ever on a silent server unless sockets have a limit.
TIMEOUT_S = 30.0


def download(folder: Path, files: Mapping[str, str], mirrors: Sequence[str]) -> None:
    """Brings files into a folder through `keras.utils.get_file`; files that are there already are left alone.

    Args:
        folder: Where they go; made if need be.
        files: MD5 checksum by file name.
        mirrors: Base addresses, tried in this order for each file.

    Raises:
        UserError: No mirror gave a file with the right checksum; the message names the folder and the files.
    """
    with landing(folder, "Choose another folder with --data-dir or LATENTE_DATA_DIR.") as temporary:
        for name, md5 in files.items():
            if not (folder / name).exists():
                _fetch(name, md5, mirrors, temporary, folder, list(files))
                os.replace(temporary / name, folder / name)


def _fetch(name: str, md5: str, mirrors: Sequence[str], temporary: Path, folder: Path, wanted: list[str]) -> None:
    import_keras()
    from keras.utils import get_file

    failures = []
    for mirror in mirrors:
        with _quiet(f"Downloading {name} from {mirror}"), _timeout():
            try:
                get_file(
                    name,
                    f"{mirror.rstrip('/')}/{name}",
                    file_hash=md5,
                    hash_algorithm="md5",
                    cache_dir=str(temporary),
                    cache_subdir=".",
                    force_download=True,
                )
                return
            # get_file raises plain Exception when the network fails and ValueError for a wrong checksum.
            except Exception as error:
                failures.append(f"  {error}")
    raise UserError(
        f"The files {', '.join(wanted)} are needed in {folder}, and {name} could not be downloaded:\n"
        + "\n".join(failures)
        + "\nCheck the network, or put the files into that folder by hand"
        + " (or name another one with --data-dir or LATENTE_DATA_DIR)."
    )


@contextlib.contextmanager
def _quiet(line: str) -> Iterator[None]:
    """Keras' progress bar on stderr; a plain line where stderr is no terminal. Stdout stays clean."""
    if sys.stderr.isatty():
        with contextlib.redirect_stdout(sys.stderr):
            yield
    else:
        print(line, file=sys.stderr)
        with contextlib.redirect_stdout(io.StringIO()):
            yield


@contextlib.contextmanager
def _timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
