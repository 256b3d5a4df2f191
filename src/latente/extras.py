"""Libraries that only some uses of Latente need, imported when one of them begins."""

from __future__ import annotations

import importlib
import json
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from latente.errors import UserError


def install(*extras: str) -> str:
    """The command that adds extras to this Latente: from the clone that it was installed from, if there is one."""
    try:
        origin = json.loads(distribution("latente").read_text("direct_url.json") or "{}")
    except PackageNotFoundError:  # on the path, without having been installed
        origin = {}
    clone = Path(url2pathname(urlsplit(origin.get("url", "")).path))
    source = clone if "dir_info" in origin and clone.is_dir() else "latente"
    return f"pip install '{source}[{','.join(extras)}]'"


def extra(name: str, module: str, what: str) -> Any:
    """Import a module that an extra of Latente installs.

    Args:
        name: The extra.
        module: The module, with its dots.
        what: What needs it, as the message begins.

    Raises:
        UserError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"{what} needs the library {module.partition('.')[0]}. Received: {error}. Install it: {install(name)}"
        ) from None
