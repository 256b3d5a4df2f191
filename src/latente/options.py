"""Options read from signatures: the one schema behind flags, config files, validation and documentation."""

from __future__ import annotations

import difflib
import inspect
import types
import typing
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from latente.errors import UserError


@dataclass(frozen=True)
class Option:
    """One parameter of a constructor or function.

    Attributes:
        name: Its name, with underscores.
        type: Its annotation: a scalar type, a ``Literal``, or a tuple of scalars.
        default: Its default value.
        help: Its line in the ``Args:`` section of the docstring.
    """

    name: str
    type: Any
    default: Any
    help: str

    def parse(self, value: Any, shown: str) -> Any:
        """Check a value, or convert the text of a flag; ``shown`` is the option's name in the error.

        Raises:
            UserError: The value is not of the option's type.
        """
        import pydantic  # here, since listing options needs none of it

        if isinstance(value, bool) and self.type is not bool:
            raise UserError(f"{shown} must be {self.expected()}. Received {'no value' if value else value}.")
        if isinstance(value, str) and typing.get_origin(self.type) is tuple:
            value = [part for part in value.strip("()[] ").split(",") if part.strip()]
        if isinstance(value, int | float) and typing.get_origin(self.type) is tuple:
            value = [value]
        try:
            return pydantic.TypeAdapter(self.type).validate_python(value)
        except pydantic.ValidationError:
            raise UserError(f"{shown} must be {self.expected()}. Received {value!r}.") from None

    def expected(self) -> str:
        """The type in words."""
        if typing.get_origin(self.type) is typing.Literal:
            return "one of " + ", ".join(map(str, typing.get_args(self.type)))
        if typing.get_origin(self.type) is tuple:
            return f"{'whole ' if int in typing.get_args(self.type) else ''}numbers separated by commas"
        words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
        parts = typing.get_args(self.type) if isinstance(self.type, types.UnionType) else (self.type,)
        return " or ".join(words[part] for part in parts if part is not type(None))  # one leaves the option out


def options_of(function: Callable[..., Any]) -> dict[str, Option]:
    """The options of a class or function: every parameter with a default, described by its docstring."""
    import docstring_parser

    target = function.__init__ if inspect.isclass(function) else function
    hints = typing.get_type_hints(target)
    documented = docstring_parser.parse(inspect.getdoc(function) or "").params
    helps = {param.arg_name: " ".join((param.description or "").split()) for param in documented}
    return {
        p.name: Option(p.name, hints[p.name], p.default, helps.get(p.name, ""))
        for p in inspect.signature(target).parameters.values()
        if p.default is not p.empty
    }


def shown_value(value: Any) -> str:
    """An option's value as on the command line: ``5`` for 5.0, ``32,64`` for a list, ``true``, ``none``."""
    if isinstance(value, list | tuple):
        return ",".join(map(shown_value, value)) or "none"
    if isinstance(value, bool | None):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def summary_of(function: Callable[..., Any]) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(function) or "").split("\n\n")[0].split())


def did_you_mean(word: object, words: Iterable[str]) -> str:
    """A sentence that proposes the word meant by a mistyped one, or nothing when none is near."""
    by_lower = {w.lower(): w for w in words}
    close = difflib.get_close_matches(str(word).lower(), by_lower, n=1)
    return f" Did you mean {by_lower[close[0]]!r}?" if close else ""
