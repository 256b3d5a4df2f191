"""``latente devices``."""

from __future__ import annotations

import argparse

HELP = "name the backends, their devices, and what would be faster"


def configure(parser: argparse.ArgumentParser) -> None:
    """It has no options."""


def run(arguments: argparse.Namespace) -> None:
    """Print a line for each backend, and the advice."""
    from latente.backend import import_keras
    from latente.devices import advice, found

    import_keras()
    backends = found()
    for each in backends:
        used = "  in use" if each.used else ""
        print(f"{each.name:<12}{each.version or '-':<14}{', '.join(each.devices) or each.missing}{used}")
    for line in advice(backends):
        print(line)
