"""Finding what is declared in the files of a package, so that a new part is one new file and no list names it."""

from __future__ import annotations

import importlib
import pkgutil
from importlib.metadata import entry_points

from latente.errors import UserError


def import_all(package: str) -> None:
    """Import every module of a package; it may be the one that is just being imported.

    Args:
        package: Its dotted name, ``__name__`` in its own ``__init__``.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)


def import_plugins() -> None:
    """Import what installed packages add: the modules that their entry points of the group ``latente`` name.

    Raises:
        UserError: One of them cannot be imported.
    """
    for plugin in entry_points(group="latente"):
        try:
            plugin.load()
        except Exception as error:  # whatever another's code raises
            raise UserError(
                f"An installed package adds {plugin.value}, which cannot be imported: {error}. Uninstall or mend it."
            ) from error
