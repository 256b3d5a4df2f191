"""The data of a run, found again: loaded by their name, read from the run's own copy, or given once more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from latente import data
from latente.data import Dataset
from latente.errors import UserError


def recall(run: Path, options: Mapping[str, Any], fingerprint: str, copy: Path, given: Any) -> Dataset:
    """The data that a run was trained on.

    Args:
        run: The run directory, for the messages.
        options: The data section of its config.
        fingerprint: What the data must have.
        copy: Where the run keeps those that a program held.
        given: What the caller gave to take their place, or None.

    Raises:
        UserError: The data are not there, or are not the same.
    """
    if given is not None:
        taken = {key: options[key] for key in data.options(data.ARRAY) if key in options}
        found = given if isinstance(given, Dataset) and given.source else data.hold(given, **taken)
        remedy = "Give what the run was trained on, in the same order."
    elif options["name"] != data.ARRAY:
        found = data.load(**options)
        remedy = "Restore the files, or pass --data-dir with the folder that holds them."
    elif copy.exists():
        found = data.kept(copy, options)
        remedy = f"Restore {copy.name} from a copy."
    else:
        raise UserError(
            f"{run} was trained on images that a program held, and keeps no copy of them. Give them again, in Python, "
            f"with the run: latente.Run({str(run)!r}, data=images), which every function takes."
        )
    if found.fingerprint != fingerprint:
        raise UserError(
            f"The data {options['name']} are not those that {run} was trained on: expected the fingerprint "
            f"{fingerprint}, received {found.fingerprint}. {remedy}"
        )
    return found
