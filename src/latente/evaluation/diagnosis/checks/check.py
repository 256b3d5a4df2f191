"""How a check is declared."""

from __future__ import annotations

from collections.abc import Callable

from latente.evaluation.diagnosis.finding import Finding
from latente.evaluation.diagnosis.measurements import Measurements

Check = Callable[[Measurements], Finding | None]
_CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """Declare a check: a function of the measurements that gives a finding, or None where all is well."""
    _CHECKS.append(function)
    return function


def declared() -> tuple[Check, ...]:
    """Every check declared so far."""
    return tuple(_CHECKS)
