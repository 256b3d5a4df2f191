"""What the HTML files share: their template, and pictures inside them."""

from __future__ import annotations

import base64
import io
from typing import Any

import jinja2
from matplotlib.figure import Figure

from latente.language import language, shown, text, tr, translation_of
from latente.version import __version__

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("latente.report", "."),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: shown(value) if isinstance(value, str) else value,
)
_TEMPLATES.globals |= {"translation_of": translation_of, "text": text, "tr": tr}


def render(template: str, **content: Any) -> str:
    """A page as one self-contained HTML text, in the reader's language."""
    return _TEMPLATES.get_template(template).render(version=__version__, language=language(), **content)


def embed(figure: Figure) -> str:
    """A figure as the address of an image that holds its PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
    return png_address(buffer.getvalue())


def png_address(content: bytes) -> str:
    """The address of an image that holds the content of a PNG file."""
    return "data:image/png;base64," + base64.b64encode(content).decode()
