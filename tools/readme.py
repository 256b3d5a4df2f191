"""Writes the options from the code: the table of the README, and what ``latente train --help`` shows."""

import re
from pathlib import Path

from latente.backend import import_keras
from latente.language import TEXTS

import_keras()

from reference import reference_markdown, reference_text  # noqa: E402  (it imports Keras)

README = Path(__file__).parents[1] / "README.md"


def main() -> None:
    """Replace what stands between the two marks, and the text of the help."""
    between = re.compile(r"(<!-- options: .*?-->\n).*?(<!-- end of options -->)", re.DOTALL)
    README.write_text(between.sub(lambda marks: marks[1] + reference_markdown() + marks[2], README.read_text()))
    (TEXTS / "options.txt").write_text(reference_text(), encoding="utf-8")


main()
