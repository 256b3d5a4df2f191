"""``latente list``."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from latente.backend import import_keras
from latente.errors import UserError
from latente.options import did_you_mean, options_of, shown_value, summary_of

HELP = "name the choices of each axis, their options, and the papers"

WIDTH = 79


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the axis."""
    parser.add_argument(
        "axis", nargs="?", metavar="AXIS", help="show this axis alone, with the options of its choices; or papers"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print every axis and the papers, or one axis with its options, or the papers."""
    import_keras()
    from latente.model import AXES

    known = [*AXES, "papers"]
    if arguments.axis and arguments.axis not in known:
        raise UserError(
            f"AXIS must be one of {', '.join(known)}. Received {arguments.axis!r}.{did_you_mean(arguments.axis, known)}"
        )
    if arguments.axis == "papers":
        lines = _papers()
    elif arguments.axis:
        lines = _one_axis(arguments.axis)
    else:
        lines = _all_axes()
    print("\n".join(lines))


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
    yield ""
    yield from _papers()


def _papers() -> Iterator[str]:
    from latente.training.papers import papers

    yield "papers: configs for latente train DATA --config NAME; flags change them."
    column = max(map(len, papers())) + 4
    for name, what in papers().items():
        yield from _wrapped(what, f"  {name:<{column - 2}}", column)


def _one_axis(axis: str) -> Iterator[str]:
    from latente.model import AXES, choices
    from latente.training.config import DEFAULT_CHOICE, flag

    yield from _heading(axis, AXES[axis])
    for name, choice in choices(AXES[axis]).items():
        yield ""
        yield f"--{axis} {name}{' (default)' if name == DEFAULT_CHOICE[axis] else ''}"
        yield from _wrapped(summary_of(choice), "  ", 2)
        for option in options_of(choice).values():
            yield f"  {flag(f'{axis}.{option.name}')} {shown_value(option.default)}"
            yield from _wrapped(option.help, " " * 6, 6)


def _heading(axis: str, base: type) -> list[str]:
    return _wrapped(f"{axis}: {summary_of(base).removeprefix('Axis: ')}", "", len(axis) + 2)


def _wrapped(text: str, start: str, indent: int) -> list[str]:
    """Lines for the terminal, without the marks of code."""
    plain = text.replace("``", "")
    return textwrap.wrap(plain, WIDTH, initial_indent=start, subsequent_indent=" " * indent, break_on_hyphens=False)
