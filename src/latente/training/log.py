"""The log of a run: one entry for each epoch, the oldest first; in its file, a line of JSON each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Log = Sequence[dict[str, Any]]


def best_entry(log: Log) -> dict[str, Any]:
    """The entry with the best validation ELBO, at beta = 1 whatever beta trained; the first of equals."""
    return max(log, key=lambda entry: entry["val_elbo"])


def read_log(file: Path) -> list[dict[str, Any]]:
    """The log in a file; empty where there is none."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def log_text(log: Log) -> str:
    """The text of its file."""
    return "".join(json.dumps(entry) + "\n" for entry in log)
