"""The language of what people read: English, or Spanish where ``LATENTE_LANG`` or the locale says so.

What is printed or drawn at once is a plain ``tr("...")``. What is kept, or returned to a program, is a ``text("...")``:
it is the English string to whatever compares, stores or sends it, so that files do not depend on who wrote them, and
``shown`` gives it in the language of whoever reads.

Numbers keep their decimal point in Spanish (the Spanish academies recommend it, and options, JSON and Python take no
other); thousands are set apart by a space, and so is the percent sign.
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from latente.errors import UserError

LANGUAGES = ("en", "es")
TEXTS = Path(__file__).with_name("texts")
NO_BREAK = "\N{NO-BREAK SPACE}"


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


class Text(str):
    """A text in English that knows itself in the other languages; ``text`` makes one.

    Args:
        key: The English text with its ``{names}``.
        values: What the names stand for; texts among them are given in the same language.
    """

    key: str
    values: dict[str, object]

    def __new__(cls, key: str, values: Mapping[str, object]) -> Text:
        """Fill in the English text."""
        made = super().__new__(cls, _filled(key, values, "en"))
        made.key, made.values = key, dict(values)
        return made

    def __reduce__(self) -> tuple[type[Text], tuple[str, dict[str, object]]]:
        """What copies are made of."""
        return Text, (self.key, self.values)

    def in_language(self, name: str) -> str:
        """The text in a language, as a plain string."""
        return _filled(self.key, self.values, name)


def tr(text: str, /, **values: object) -> str:
    """A text in the reader's language, with its ``{names}`` filled in.

    Args:
        text: In English, as written in the code; it is the key of the translations in ``texts/LANGUAGE/*.yaml``.
        **values: What the names stand for; a format such as ``{share:.0%}`` may follow them.
    """
    return _filled(text, values, language())


def text(text: str, /, **values: object) -> str:
    """The same for later: a ``Text``, in English until it is ``shown``."""
    return Text(text, values)


def sentences(*parts: str) -> str:
    """Texts one after the other, with a space between; empty ones are left out."""
    values = {f"part{i}": part for i, part in enumerate(parts) if part}
    return Text(" ".join(f"{{{name}}}" for name in values), values)


def shown(text: str, name: str | None = None) -> str:
    """A text in the reader's language, or in another that is named; other strings as they are."""
    return text.in_language(name or language()) if isinstance(text, Text) else text


def translation_of(english: str) -> str:
    """A text that was kept in English, in the reader's language where the code has it; there may be a number in it."""
    texts = translations(language())
    if english in texts:
        return texts[english]
    key = re.sub(r"\d+", "{n}", english, count=1)
    number = re.search(r"\d+", english)
    return texts[key].format(n=number[0]) if number and key in texts else english


@cache
def translations(name: str) -> dict[str, str]:
    """All texts in a language, by the English ones; none in English."""
    if name == "en":
        return {}
    import yaml  # slow, and English needs none of it

    found: dict[str, str] = {}
    for path in sorted((TEXTS / name).glob("*.yaml")):
        found |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def _filled(key: str, values: Mapping[str, object], name: str) -> str:
    told = {field: value.in_language(name) if isinstance(value, Text) else value for field, value in values.items()}
    return (_SPANISH if name == "es" else _ENGLISH).vformat(translations(name).get(key, key), (), told)


class _Spanish(string.Formatter):
    def format_field(self, value: object, format_spec: str) -> str:
        written = super().format_field(value, format_spec)
        if format_spec.endswith("%"):
            return f"{written[:-1]}{NO_BREAK}%"
        return written.replace(",", NO_BREAK) if "," in format_spec else written


_ENGLISH, _SPANISH = string.Formatter(), _Spanish()
