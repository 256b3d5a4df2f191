"""Finding what is declared in the files of a package, so that a new part is one new file and no list names it."""

from __future__ import annotations

import importlib
import pkgutil


def import_all(package: str) -> None:
    """Import every module of a package; it may be the one that is just being imported.

    Args:
        package: Its dotted name, ``__name__`` in its own ``__init__``.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)
