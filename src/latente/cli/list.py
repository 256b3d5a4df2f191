"""``latente list``."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from latente.backend import import_keras
from latente.errors import UserError
from latente.options import nearest, options_of, summary_of

HELP = "name the choices of each axis of a model, and the options of each choice"

WIDTH = 79


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the axis."""
    parser.add_argument("axis", nargs="?", metavar="AXIS", help="show this axis alone, with the options of its choices")


def run(arguments: argparse.Namespace) -> None:
    """Print every axis, or one with its options."""
    import_keras()
    from latente.model import AXES

    if arguments.axis and arguments.axis not in AXES:
        known = ", ".join(AXES)
        raise UserError(f"AXIS must be one of {known}. Received {arguments.axis!r}.{nearest(arguments.axis, AXES)}")
    print("\n".join(_one_axis(arguments.axis) if arguments.axis else _all_axes()))


def _all_axes() -> Iterator[str]:
    from latente.model import AXES, choices
    from latente.training.config import DEFAULT_CHOICE

    for axis, base in AXES.items():
        yield from _heading(axis, base)
        column = max(map(len, choices(base))) + 2
        for name, choice in choices(base).items():
            mark = "*" if name == DEFAULT_CHOICE[axis] else " "
            yield from _wrapped(summary_of(choice), f"{mark} {name:<{column}}", column + 2)
        yield ""
    yield "* is taken by default. latente list AXIS shows the options of its choices;"
    yield "latente train DATA --AXIS CHOICE --AXIS.OPTION VALUE takes them."


def _one_axis(axis: str) -> Iterator[str]:
    from latente.model import AXES, choices
    from latente.training.config import DEFAULT_CHOICE, shown
    from latente.training.sweep import shown_value

    yield from _heading(axis, AXES[axis])
    for name, choice in choices(AXES[axis]).items():
        yield ""
        yield f"--{axis} {name}{' (default)' if name == DEFAULT_CHOICE[axis] else ''}"
        yield from _wrapped(summary_of(choice), "  ", 2)
        for option in options_of(choice).values():
            yield f"  {shown(f'{axis}.{option.name}')} {shown_value(option.default)}"
            yield from _wrapped(option.help, " " * 6, 6)


def _heading(axis: str, base: type) -> list[str]:
    return _wrapped(f"{axis}: {summary_of(base).removeprefix('Axis: ')}", "", len(axis) + 2)


def _wrapped(text: str, start: str, indent: int) -> list[str]:
    """Lines for the terminal, without the marks of code."""
    plain = text.replace("``", "")
    return textwrap.wrap(plain, WIDTH, initial_indent=start, subsequent_indent=" " * indent, break_on_hyphens=False)
