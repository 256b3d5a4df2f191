"""The explorer's texts: the same in each language, and all of those that the page asks for."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "src" / "latente" / "serving" / "page"
LANGUAGES = ("en", "es")
SOURCE = "\n".join(path.read_text("utf-8") for path in sorted(PAGE.glob("*.js")) if path.stem not in LANGUAGES)


def texts(language: str) -> dict[str, str]:
    return dict(re.findall(r'^  "(.+?)": "(.*)",$', (PAGE / f"{language}.js").read_text("utf-8"), re.MULTILINE))


def test_every_language_has_the_same_keys_and_values() -> None:
    english, spanish = (texts(language) for language in LANGUAGES)
    assert list(english) == list(spanish)
    values = [{key: set(re.findall(r"\{(\w+)\}", text)) for key, text in each.items()} for each in (english, spanish)]
    assert values[0] == values[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_a_language_is_something_else(language: str) -> None:
    lines = (PAGE / f"{language}.js").read_text("utf-8").splitlines()
    assert len(texts(language)) == sum(line.startswith('  "') for line in lines)


def test_every_key_that_the_page_asks_for_exists() -> None:
    asked = set(re.findall(r'\bt\(\s*"([^"]+)"', SOURCE))
    assert asked
    assert asked <= texts("en").keys()


def test_every_text_is_asked_for() -> None:
    """By its whole key, or as one of a family such as ``fact.data``, of which the page names the rest."""
    patterns = {re.sub(r"\$\{[^}]+\}", r"[\\w-]+", found) for found in re.findall(r"\bt\(`([^`]+)`", SOURCE)}
    unused = [
        key
        for key in texts("en")
        if f'"{key}"' not in SOURCE and not any(re.fullmatch(pattern, key) for pattern in patterns)
    ]
    assert unused == []
