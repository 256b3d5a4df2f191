"""Libraries that only some uses of Latente need, imported when one of them begins."""

from __future__ import annotations

import importlib
from typing import Any

from latente.errors import UserError


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
            f"{what} needs the library {module.partition('.')[0]}. Received: {error}. "
            f"Install it: pip install 'latente[{name}]'"
        ) from None
