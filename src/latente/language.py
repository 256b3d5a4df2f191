"""The language of what people read: English, or Spanish where ``LATENTE_LANG`` or the locale says so."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from latente.errors import UserError

LANGUAGES = ("en", "es")
TEXTS = Path(__file__).with_name("texts")


def language() -> str:
    """``en`` or ``es``: what ``LATENTE_LANG`` says, or else the locale of messages, or else English.

    Raises:
        UserError: ``LATENTE_LANG`` names another language.
    """
    asked = os.environ.get("LATENTE_LANG")
    if asked and asked not in LANGUAGES:
        raise UserError(f"LATENTE_LANG must be one of {', '.join(LANGUAGES)}. Received {asked!r}.")
    places = ("LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((value for place in places if (value := os.environ.get(place))), "")
    return asked or ("es" if locale.startswith("es") else "en")


def tr(text: str, /, **values: object) -> str:
    """A text in the reader's language, with its ``{names}`` filled in.

    Args:
        text: In English, as written in the code; it is the key of the translations in ``texts/LANGUAGE/*.yaml``.
        **values: What the names stand for; a format such as ``{share:.0%}`` may follow them.
    """
    return _texts(language()).get(text, text).format(**values)


@cache
def _texts(name: str) -> dict[str, str]:
    if name == "en":
        return {}
    import yaml  # slow, and English needs none of it

    found: dict[str, str] = {}
    for path in sorted((TEXTS / name).glob("*.yaml")):
        found |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return found
