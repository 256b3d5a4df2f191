"""The checks. One is a decorated function in a module of this package; nothing else lists it."""

from __future__ import annotations

import importlib
import pkgutil

from latente.evaluation.diagnosis.checks.check import Check, declared


def checks() -> tuple[Check, ...]:
    """Every check."""
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return declared()
