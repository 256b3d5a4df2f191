"""The templates of this room, and the report's base of a page."""

from __future__ import annotations

from typing import Any

import jinja2

from latente.language import language, tr
from latente.version import __version__

_TEMPLATES = jinja2.Environment(
    loader=jinja2.ChoiceLoader([jinja2.PackageLoader(f"latente.{room}", ".") for room in ("export", "report")]),
    autoescape=jinja2.select_autoescape(["html.jinja"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.globals["tr"] = tr


def render(template: str, **content: Any) -> str:
    """A template of this folder, filled in; values are escaped where it is HTML."""
    return _TEMPLATES.get_template(template).render(version=__version__, language=language(), **content)
