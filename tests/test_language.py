"""Texts in the reader's language: each that the code asks for is translated, with the same values in it."""

import ast
import string
from pathlib import Path

import pytest
import yaml

from latente.errors import UserError
from latente.language import LANGUAGES, TEXTS, language, tr

SRC = Path(__file__).parents[1] / "src" / "latente"
TRANSLATED = [name for name in LANGUAGES if name != "en"]


def asked() -> set[str]:
    """The text of every ``tr("...")`` in the code."""
    found = set()
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                text = node.args[0]
                assert isinstance(text, ast.Constant), f"{path}:{node.lineno}: tr needs the text itself"
                found.add(text.value)
    return found


def texts(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((TEXTS / name).glob("*.yaml")):
        part = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert not found.keys() & part.keys()
        found |= part
    return found


def fields(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name is not None})


@pytest.mark.parametrize("name", TRANSLATED)
def test_every_text_is_translated_and_nothing_else(name: str) -> None:
    assert texts(name).keys() == asked()


@pytest.mark.parametrize("name", TRANSLATED)
def test_a_translation_holds_the_same_values(name: str) -> None:
    differing = {text: found for text, found in texts(name).items() if fields(text) != fields(found)}
    assert not differing


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "es_MX.UTF-8"}, "es"),
        ({"LANG": "es_ES.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "es_ES.UTF-8", "LATENTE_LANG": "en"}, "en"),
        ({"LANG": "C.UTF-8", "LATENTE_LANG": "es"}, "es"),
    ],
    ids=str,
)
def test_the_variable_comes_before_the_locale(
    environment: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LATENTE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_another_language_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_LANG", "fr")
    with pytest.raises(UserError, match="one of en, es. Received 'fr'"):
        tr("anything")
