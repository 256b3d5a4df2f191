"""Finding what is declared in the files of a package, so that a new part is one new file and no list names it."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from functools import cache
from importlib.metadata import entry_points

_log = logging.getLogger(__name__)


def import_all(package: str) -> None:
    """Import every module of a package; it may be the one that is just being imported.

    Args:
        package: Its dotted name, ``__name__`` in its own ``__init__``.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__, f"{package}."):
        importlib.import_module(module.name)


@cache
def import_plugins(group: str) -> None:
    """Import what installed packages add: the modules that their entry points of a group name, once.

    One that cannot be imported is told of and left out: it is none of the work at hand.
    """
    for plugin in entry_points(group=group):
        try:
            plugin.load()
        except Exception as error:  # whatever another's code raises
            _log.warning("%s, of an installed package, is left out. It cannot be imported: %s", plugin.value, error)
