"""Every option of ``latente train``, read from the code: for the help and for the documentation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from latente import data
from latente.model import AXES, choices
from latente.options import Option, options_of, shown_value, summary_of
from latente.training.config import DEFAULT_CHOICE, PLAIN, flag
from latente.training.settings import Settings


@dataclass(frozen=True)
class OptionGroup:
    """Options that come together: those of one choice, of one data source or of training.

    Attributes:
        title: What brings them along, such as ``--likelihood Gaussian``.
        summary: What that is.
        options: Flag to option.
    """

    title: str
    summary: str
    options: dict[str, Option]


def option_groups() -> Iterator[OptionGroup]:
    """Training first, then every choice of every axis, then the data sources."""
    training = {flag(f"training.{name}"): option for name, option in options_of(Settings).items()}
    plain = {flag(name): option for name, option in PLAIN.items()}
    yield OptionGroup("training", summary_of(Settings), plain | training)
    for axis, base in AXES.items():
        for name, choice in choices(base).items():
            title = f"--{axis} {name}" + (" (default)" if name == DEFAULT_CHOICE[axis] else "")
            yield OptionGroup(title, summary_of(choice), _flags(axis, options_of(choice)))
    yield OptionGroup("every data set", "What every source takes.", _flags("data", data.common_options()))
    for source in data.sources():
        yield OptionGroup(source.name, source.summary + ".", _flags("data", options_of(source.function)))


def reference_text(width: int = 79) -> str:
    """The options for the terminal."""
    lines = []
    for group in option_groups():
        lines.append(f"{group.title}:")
        lines += textwrap.wrap(group.summary, width, initial_indent="  ", subsequent_indent="  ")
        for name, option in group.options.items():
            text = f"{option.help} (default: {shown_value(option.default)})"
            lines += [f"    {name}", *textwrap.wrap(text, width, initial_indent=" " * 8, subsequent_indent=" " * 8)]
        lines.append("")
    return "\n".join(lines)


def reference_markdown() -> str:
    """The options as a table for the README."""
    lines = ["| with | option | default | meaning |", "|---|---|---|---|"]
    for group in option_groups():
        lines.append(f"| **{group.title}** | | | {group.summary} |")
        lines += [f"| | `{f}` | `{shown_value(o.default)}` | {o.help} |" for f, o in group.options.items()]
    return "\n".join(lines).replace("|  |", "| |") + "\n"


def _flags(section: str, options: dict[str, Option]) -> dict[str, Option]:
    return {flag(f"{section}.{name}"): option for name, option in options.items()}
