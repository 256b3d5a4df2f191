"""Writes the options table of the README from the code."""

import re
from pathlib import Path

from latente.backend import import_keras

README = Path(__file__).parents[1] / "README.md"


def main() -> None:
    """Replace what stands between the two marks."""
    import_keras()
    from latente.training.reference import reference_markdown

    between = re.compile(r"(<!-- options: .*?-->\n).*?(<!-- end of options -->)", re.DOTALL)
    README.write_text(between.sub(lambda marks: marks[1] + reference_markdown() + marks[2], README.read_text()))


main()
