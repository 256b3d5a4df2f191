"""What of a run goes to others: what its model is used with, and nothing of this machine or its user's code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from latente.backend import native_stderr_held
from latente.training.log import log_text
from latente.training.run import CONFIG, LOG, Json, Run

PUBLIC = (CONFIG, "environment.json", LOG, "metrics.json", "fitted-prior.npz", "checkpoints/best.keras")
"""The files of a run that its model is used with."""


def public_config(run: Run) -> Json:
    """The config without the folders of this machine: of own data, only the last part of the path stays."""
    config = run.config
    kind, colon, path = config["data"]["name"].partition(":")
    if Path(path).is_absolute():
        path = Path(path).name
    config["data"] |= {"name": kind + colon + path, "data_dir": None}
    return config


def publish(run: Run, folder: Path) -> None:
    """Write those files into a folder.

    Raises:
        UserError: No epoch was finished yet.
    """
    best = folder / run.checkpoint("best").relative_to(run.path)
    best.parent.mkdir()
    with native_stderr_held():
        run.model().save(best)  # without the optimizer's state, which is twice the weights
    (folder / LOG).write_text(log_text(run.log), encoding="utf-8")
    for name in ("metrics.json", "fitted-prior.npz"):
        if (run.path / name).exists():
            shutil.copyfile(run.path / name, folder / name)
    environment = {**run.environment, "machine": None, "git_commit": None}
    for name, content in {CONFIG: public_config(run), "environment.json": environment}.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
