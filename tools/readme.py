"""Writes the options from the code: the table of the README, and what ``latente train --help`` shows."""

import re
from pathlib import Path

from latente.backend import import_keras
from latente.language import TEXTS

README = Path(__file__).parents[1] / "README.md"


def main() -> None:
    """Replace what stands between the two marks, and the text of the help."""
    import_keras()
    from latente.training.reference import reference_markdown, reference_text

    between = re.compile(r"(<!-- options: .*?-->\n).*?(<!-- end of options -->)", re.DOTALL)
    README.write_text(between.sub(lambda marks: marks[1] + reference_markdown() + marks[2], README.read_text()))
    (TEXTS / "options.txt").write_text(reference_text(), encoding="utf-8")


main()
