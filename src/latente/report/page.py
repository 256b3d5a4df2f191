"""What written pages share: their templates, and pictures inside them."""

from __future__ import annotations

import base64
import io
from functools import cache
from typing import Any

import jinja2
from matplotlib.figure import Figure

from latente.language import language, shown, tr, translation_of
from latente.version import __version__

ROOM = "latente.report"


@cache
def _templates(room: str) -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(each, ".") for each in (room, ROOM)]),
        autoescape=jinja2.select_autoescape(["html.jinja"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: shown(value) if isinstance(value, str) else value,
    )
    templates.globals |= {"tr": tr, "translation_of": translation_of}
    return templates


def render(template: str, room: str = ROOM, **content: Any) -> str:
    """A template of a room, or this one's, filled in, in the reader's language; HTML is one self-contained text."""
    return _templates(room).get_template(template).render(version=__version__, language=language(), **content)


def embed(figure: Figure) -> str:
    """A figure as the address of an image that holds its PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
    return png_address(buffer.getvalue())


def png_address(content: bytes) -> str:
    """The address of an image that holds the content of a PNG file."""
    return "data:image/png;base64," + base64.b64encode(content).decode()
