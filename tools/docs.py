"""Builds the documentation site into site/: ``python tools/docs.py``, or ``make docs``.

Pages that are read from the code, the changelog and the measurements are written beside copies of those in docs/, and
formulas become MathML, which browsers draw without a script; then Zensical builds the whole, and a warning is an error.
"""

from __future__ import annotations

import argparse
import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml

ROOT = Path(__file__).parents[1]
SOURCE, WORK, SITE = ROOT / "docs", ROOT / "build" / "docs", ROOT / "site"
SPANISH_SITE = WORK.with_name("site-es")
CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.DOTALL | re.MULTILINE)
SECTIONS = {"How to": "Guías", "Concepts": "Conceptos", "What was found": "Resultados", "Reference": "Referencia"}
SPACED = {  # where the converter leaves the spaces of LaTeX out
    "<mi>log</mi>": '<mi>log</mi><mspace width="0.17em"/>',
    "<mi>&#x0007E;</mi>": "<mo>&#x0223C;</mo>",
}
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+?)\$", re.DOTALL)


def main() -> None:
    """Assemble, build, and check."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ |= {"LATENTE_LANG": "en", "COLUMNS": "84"}  # the width of help texts
    formulas = assemble()
    shutil.rmtree(SITE, ignore_errors=True)
    build(ROOT / "mkdocs.yml")
    build(in_spanish())
    take_spanish()
    for page in SITE.rglob("*.html"):
        page.write_text(formulas.put_into(page.read_text(encoding="utf-8")), encoding="utf-8")
    if wrong := sorted(problems()):
        raise SystemExit("\n".join(wrong))


def assemble() -> Formulas:
    """Write every page and picture of the site into build/docs, and return the formulas that belong into them."""
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.copytree(SOURCE, WORK)
    for picture in sorted((ROOT / "benchmarks" / "results").glob("*.png")):
        (WORK / "results").mkdir(exist_ok=True)
        shutil.copy(picture, WORK / "results")
    for path, text in generated().items():
        (WORK / path).write_text(text, encoding="utf-8")
    formulas = Formulas()
    for page in sorted(WORK.rglob("*.md")):
        if page.name not in ("changelog.md", "benchmarks.md"):
            page.write_text(formulas.taken_from(page.read_text(encoding="utf-8")), encoding="utf-8")
    return formulas


def build(config: Path) -> None:
    """Let Zensical build a site; a warning ends it."""
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--clean", "--strict", "-f", str(config)]
    if code := subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SystemExit(code)


def generated() -> dict[str, str]:
    """The pages that nobody writes, by their path."""
    from latente.backend import import_keras

    import_keras()
    return {
        "reference/options.md": "\n".join(options()),
        "reference/commands.md": "\n".join(commands()),
        "changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "benchmarks.md": benchmarks(),
    }


class Formulas:
    """Formulas wait in numbered places while Markdown is read, which would take their signs for its own."""

    PLACE = re.compile(r'<span data-formula="(\d+)"></span>')

    def __init__(self) -> None:
        self.drawn: list[str] = []

    def taken_from(self, text: str) -> str:
        """A page with places for what stands between dollars, but for code."""
        parts = CODE.split(text)
        return "".join(part if i % 2 else FORMULA.sub(self._take, part) for i, part in enumerate(parts))

    def put_into(self, page: str) -> str:
        """A built page with the formulas in their places."""
        return self.PLACE.sub(lambda place: self.drawn[int(place[1])], page)

    def _take(self, found: re.Match[str]) -> str:
        from latex2mathml.converter import convert

        tex = " ".join((found[1] or found[2]).split()).replace(r"\lvert", r"\left|").replace(r"\rvert", r"\right|")
        drawn = convert(tex, display="block" if found[1] else "inline")
        for plain, spaced in SPACED.items():
            drawn = drawn.replace(plain, spaced)
        self.drawn.append(drawn)
        return f'<span data-formula="{len(self.drawn) - 1}"></span>'


def options() -> Iterator[str]:
    """Every axis with its choices, what training and data take, and the papers: what ``latente list`` reads."""
    from latente.model import AXES
    from latente.options import summary_of
    from latente.training.papers import papers
    from reference import option_groups

    found = {group.title: group for group in option_groups()}
    yield "# Axes and options\n"
    yield "This page is made from the code, as `latente list` and `latente train --help` are.\n"
    yield "A model is one choice on each of five axes. A flag of `latente train`, a key of its `--config` file and a"
    yield "keyword of `latente.train` have the same name: `--objective.free-bits 0.1`, `objective: {name: ELBO,"
    yield 'free_bits: 0.1}`, `**{"objective.free_bits": 0.1}`.\n'
    of_axes = {title for title in found if title.startswith("--")}
    for axis, base in AXES.items():
        what = summary_of(base).removeprefix("Axis: ")
        yield f"## {axis.capitalize()}\n\n{what[:1].upper()}{what[1:]}\n"
        yield from _sections(group for title, group in found.items() if title.startswith(f"--{axis} "))
    yield "## Training\n"
    yield from _table(found["training"].options)
    yield "## Data\n"
    yield from _sections(group for title, group in found.items() if title not in {*of_axes, "training"})
    yield "## Papers\n\n`latente train DATA --config NAME` takes these choices; flags change them.\n"
    yield "| name | what |\n|---|---|"
    yield from (f"| `{name}` | {_cell(what)} |" for name, what in papers().items())


def _sections(groups: Iterable) -> Iterator[str]:
    for group in groups:
        yield f"### {group.title.split(' ', 1)[1] if group.title.startswith('--') else group.title}\n"
        yield f"{group.summary}\n"
        yield from _table(group.options)


def _table(those: dict) -> Iterator[str]:
    from latente.options import shown_value

    rows = [f"| `{flag}` | `{shown_value(each.default)}` | {_cell(each.help)} |" for flag, each in those.items()]
    yield from ["| option | default | meaning |", "|---|---|---|", *rows, ""] if rows else []


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def commands() -> Iterator[str]:
    """What ``--help`` says, of every command and those below it."""
    from latente.cli import parser

    yield "# Commands\n"
    yield "This page is made from the commands themselves: it is what `latente COMMAND --help` prints.\n"
    yield f"```text\n{parser().format_help().rstrip()}\n```\n"
    for name, sub in _below(parser()):
        yield f"## latente {name}\n\n```text\n{sub.format_help().rstrip()}\n```\n"
        for second, deeper in _below(sub):
            yield f"### latente {name} {second}\n\n```text\n{deeper.format_help().rstrip()}\n```\n"


def _below(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def benchmarks() -> str:
    """The measurements, whose other files the site does not hold: a link to one becomes its name."""
    text = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?://|#)[^)]+\)", r"\1", text)


def in_spanish() -> Path:
    """The configuration of a second site, whose menu begins with the Spanish pages, and whose frame is Spanish."""
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    start, lesson, *sections, spanish = config["nav"]
    translated = [{f"{SECTIONS[title]} (en inglés)": pages} for section in sections for title, pages in section.items()]
    config["nav"] = [*spanish["Español"], *translated, {"English": [start, lesson]}]
    config["theme"]["language"] = "es"
    for colours, name in zip(config["theme"]["palette"], ("Oscuro", "Claro"), strict=True):
        colours["toggle"]["name"] = name
    config["extra"]["homepage"] = "es/index.html"
    config |= {"docs_dir": WORK.name, "site_dir": SPANISH_SITE.name}
    path = WORK.with_name("mkdocs.es.yml")
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def take_spanish() -> None:
    """Take the Spanish pages from their own site, and lead from each to its twin."""
    shutil.copytree(SPANISH_SITE / "es", SITE / "es", dirs_exist_ok=True)
    for page in (SITE / "es").glob("*.html"):
        twin = SITE / page.name
        for source, language, target in ((page, "en", f"../{page.name}"), (twin, "es", f"es/{page.name}")):
            link = rf'(?<=<a href=")[^"]*(?=" hreflang="{language}")'
            source.write_text(re.sub(link, target, source.read_text(encoding="utf-8")), encoding="utf-8")
    # The choice of language asks each language for its map of pages.
    pages = "".join(f"<url><loc>{page.name}</loc></url>" for page in sorted((SITE / "es").glob("*.html")))
    start = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    (SITE / "es" / "sitemap.xml").write_text(f"{start}{pages}</urlset>\n", encoding="utf-8")


def problems() -> Iterator[str]:
    """What Zensical does not look for: pictures and files that are not there, and whatever another server must give."""
    for page in SITE.rglob("*.html"):
        name = page.relative_to(SITE)
        for tag, attributes in re.findall(r"<(a|img|script|link|iframe|source)\b([^>]*)>", page.read_text("utf-8")):
            for address in re.findall(r'\b(?:src|href)="?([^"\s>]+)', attributes):
                parts = urlsplit(html.unescape(address))
                if parts.netloc and tag != "a":
                    yield f"{name}: <{tag}> asks another server: {address}"
                here = not parts.scheme and not parts.netloc and parts.path and page.name != "404.html"
                if here and not (page.parent / unquote(parts.path)).exists():
                    yield f"{name}: <{tag}> names a file that is not there: {address}"


if __name__ == "__main__":
    main()
