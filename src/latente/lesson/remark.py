"""What a check says, and how its judge says it: it raises the first mistake, or returns praise."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import numpy as np
from keras import ops

from latente.language import Text, shown, tr
from latente.lesson.advice import ADVICE
from latente.model.arrays import Array

P = ParamSpec("P")
WIDTH = 100
"""Columns of a printed remark."""
UNDONE = "todo"
SYMBOLS = {None: "✓", UNDONE: "○"}


class Mistake(Exception):
    """A mistake that a judge found.

    Args:
        name: Which one; ``ADVICE`` has the text.
        **values: The values that the text tells.
    """

    def __init__(self, name: str, **values: object) -> None:
        self.name, self.text = name, shown(Text(ADVICE[name], values))
        super().__init__(self.text)


@dataclass(frozen=True, repr=False)
class Remark:
    """What a check says of a student's work; a notebook shows it as the value of a cell.

    Attributes:
        mistake: The stable name of the mistake, such as ``"no-noise"``; ``"todo"`` where the work is still to be done,
            None where it is right.
        text: What is right, or what is wrong and how to mend it, in the reader's language.
    """

    mistake: str | None
    text: str

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return self.mistake is None

    def __repr__(self) -> str:
        return textwrap.fill(f"{SYMBOLS.get(self.mistake, '✗')} {self.text}", WIDTH, subsequent_indent="  ")


def as_check(judge: Callable[P, str]) -> Callable[P, Remark]:
    """Make a check of a judge, which raises ``Mistake`` or returns praise. None and ``...`` are work not yet done."""

    @wraps(judge)
    def checked(*arguments: P.args, **named: P.kwargs) -> Remark:
        if any(map(_missing, (*arguments, *named.values()))):
            return Remark(UNDONE, tr("Nothing to check yet: replace each ... in the cell above, then run both again."))
        try:
            return Remark(None, judge(*arguments, **named))
        except Mistake as mistake:
            return Remark(mistake.name, mistake.text)

    return checked


def _missing(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return any(map(_missing, value))
    return value is None or value is ...


def called(what: str, function: Callable[..., Any], *inputs: Any) -> Any:
    """What the student's function gives, as arrays; an exception of it is a mistake.

    Args:
        what: Its name, for the message.
        function: The student's.
        *inputs: Arrays, numbers, or lists of arrays.
    """
    try:
        outputs = function(*inputs)
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        raise Mistake("raised", what=what, kind=type(error).__name__, message=lines[0].rstrip(".")) from error
    if outputs is None or outputs is ...:
        raise Mistake("returns-nothing", what=what)
    several = isinstance(outputs, tuple | list)
    return [array(what, each) for each in outputs] if several else array(what, outputs)


def array(what: str, value: Any) -> Array:
    """A tensor or array of the student's as float64, finite.

    Raises:
        Mistake: It is no array of numbers, or holds NaN or infinity.
    """
    try:
        found = np.asarray(ops.convert_to_numpy(value)).astype("float64")
    except (TypeError, ValueError) as error:
        raise Mistake("no-array", what=what) from error
    if not np.isfinite(found).all():
        raise Mistake("not-finite", what=what)
    return found


def of_shape(what: str, value: Any, shape: tuple[int, ...]) -> Array:
    """An array of the student's that must have this shape."""
    if isinstance(value, list) and any(np.ndim(each) for each in value):
        raise Mistake("shape", what=what, found=[np.shape(each) for each in value], expected=shape)
    found = array(what, value)
    if found.shape != shape:
        raise Mistake("shape", what=what, found=found.shape, expected=shape)
    return found


def identify(value: Array, right: Array, suspects: dict[str, Array], otherwise: str) -> None:
    """Find the mistake behind a term of the loss by the value that it leads to.

    Args:
        value: The student's, for a batch: one number for each image ``(n,)``, or their mean.
        right: The right one, ``(n,)``.
        suspects: For each known mistake the value that it leads to, ``(n,)`` or one number.
        otherwise: The mistake where the value is wrong and no suspect has it.

    Raises:
        Mistake: The value is wrong.
    """
    if _same(value, right):
        return
    raise Mistake(next((name for name, wrong in suspects.items() if _same(value, wrong)), otherwise))


def _same(value: Any, expected: Array) -> bool:
    value = np.asarray(value)
    if value.shape in ((), (1,)):
        return bool(np.allclose(value, expected.mean(), rtol=1e-3))
    return value.shape == expected.shape and bool(np.allclose(value, expected, rtol=1e-3, atol=1e-5))
