"""Texts in the reader's language: each that the code asks for is translated, with the same values in it."""

import ast
import copy
import json
import pickle
import re
import string
from pathlib import Path

import jinja2
import pytest
import yaml

from latente.errors import UserError
from latente.language import LANGUAGES, NO_BREAK, TEXTS, language, sentences, shown, tr, translation_of
from latente.language import text as kept
from latente.recipes import RECIPES

SRC = Path(__file__).parents[1] / "src" / "latente"
PAGES = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SRC.rglob("*.js")))
TRANSLATED = [name for name in LANGUAGES if name != "en"]


def asked() -> set[str]:
    """The text of every ``tr("...")`` and ``text("...")`` in the code, templates and pages, and what recipes say."""
    found = set()
    for path in SRC.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("tr", "text"):
                text = node.args[0]
                assert isinstance(text, ast.Constant), f"{path}:{node.lineno}: {node.func.id} needs the text itself"
                found.add(text.value)
    for path in SRC.rglob("*.jinja"):
        source = path.read_text(encoding="utf-8")
        found |= set(re.findall(r'data-(?:text|label)="([^"]+)"', source))
        for node in jinja2.Environment().parse(source).find_all(jinja2.nodes.Call):
            if isinstance(node.node, jinja2.nodes.Name) and node.node.name in ("tr", "text"):
                assert isinstance(node.args[0], jinja2.nodes.Const), f"{path}:{node.lineno}: needs the text itself"
                found.add(node.args[0].value)
    found |= set(re.findall(r'\b(?:t|text)\(\s*"([^"]+)"', PAGES))
    for recipe in RECIPES.values():
        found |= set(recipe.paragraphs)
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


def test_pages_ask_for_their_texts_in_words_or_by_a_name() -> None:
    """Nothing is asked for that ``asked`` does not see: a name stands for what ``text`` marks."""
    calls = re.findall(r'(?<!function )\b(t|text)\(\s*("[^"]+"[,)]|[A-Za-z]+(?:[.\[][\w.\]]*)?[,)])?', PAGES)
    assert len(calls) > 100
    assert all(argument for _, argument in calls)
    assert all(argument.startswith('"') for name, argument in calls if name == "text")


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


LOST = kept("{n} latents, beta {beta}", n=1200, beta=0.5)


@pytest.fixture
def spanish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTE_LANG", "es")


@pytest.mark.usefixtures("spanish")
def test_what_is_kept_is_english_and_what_is_shown_is_the_readers() -> None:
    assert LOST == "1200 latents, beta 0.5"
    assert json.loads(json.dumps({LOST: LOST})) == {str(LOST): str(LOST)}
    assert shown(LOST) == "1200 variables latentes, beta 0.5"
    assert shown(LOST, "en") == LOST
    assert shown("not one of ours") == "not one of ours"


@pytest.mark.usefixtures("spanish")
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda text: pickle.loads(pickle.dumps(text))])
def test_a_copy_of_a_text_knows_the_languages_too(copied) -> None:
    assert copied(LOST) == LOST
    assert shown(copied(LOST)) == shown(LOST)


@pytest.mark.usefixtures("spanish")
def test_texts_within_texts_and_one_after_the_other_speak_one_language() -> None:
    both = sentences(kept("{cause}: {what}", cause=kept("A slow decoder"), what=kept("Reconstructions")), "", LOST)
    assert both == f"A slow decoder: Reconstructions {LOST}"
    assert shown(both) == f"Un decodificador lento: Reconstrucciones {shown(LOST)}"
    assert sentences() == shown(sentences()) == ""


@pytest.mark.usefixtures("spanish")
def test_numbers_in_spanish_keep_their_point_and_part_with_spaces() -> None:
    title = tr("{run}: codes of {n:,} test images", run="a,b", n=10_000)
    assert title == f"a,b: códigos de 10{NO_BREAK}000 imágenes de prueba"
    axis = tr("PCA {i} ({share:.0%} of variance)", i=1, share=0.5)
    assert axis == f"CP 1 (50{NO_BREAK}% de la varianza)"
    assert tr("{value:.3g} at beta {beta}", value=0.25, beta=5) == "0.25 con beta 5"


@pytest.mark.parametrize(
    ("stored", "expected"),
    [("nats", "nats"), ("share", "proporción"), ("of 10 latents", "de 10 variables latentes"), ("of 2", "of 2")],
)
@pytest.mark.usefixtures("spanish")
def test_what_a_file_says_in_english_is_shown_where_it_is_known(stored: str, expected: str) -> None:
    assert translation_of(stored) == expected
