"""Configs of named papers: ``latente train DATA --config NAME``. The first line of each file says what it is."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def papers() -> dict[str, str]:
    """What each config is, by its name."""
    return {file.stem: _first_line(file) for file in sorted(FOLDER.glob("*.yaml"))}


def _first_line(file: Path) -> str:
    return file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
