"""The checks. One is a decorated function in a module of this package; nothing else lists it."""

from __future__ import annotations

from collections.abc import Callable

from latente.evaluation.diagnosis.finding import Finding
from latente.evaluation.diagnosis.measurements import Measurements

Check = Callable[[Measurements], Finding | None]
CHECKS: list[Check] = []
"""Every check, once ``verdict`` has imported the files of this package."""


def check(function: Check) -> Check:
    """Declare a check: a function of the measurements that gives a finding, or None where all is well."""
    CHECKS.append(function)
    return function
