"""Names in figures."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from matplotlib.figure import Figure
from matplotlib.text import Text

Arguments = ParamSpec("Arguments")


def as_written(make: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Makes a figure that shows runs, classes and files by their names, also where these hold dollar signs.

    Matplotlib would take what stands between two of them for a formula, and fail where it is none.
    """

    @functools.wraps(make)
    def made(*arguments: Arguments.args, **options: Arguments.kwargs) -> Figure:
        figure = make(*arguments, **options)
        for each in figure.findobj(Text):
            each.set_parse_math(False)
        return figure

    return made
