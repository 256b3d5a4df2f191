"""Latente: train, understand and use variational autoencoders."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latente.backend import prefer_onednn
from latente.errors import UserError
from latente.version import __version__ as __version__

prefer_onednn()  # before anything imports TensorFlow

if TYPE_CHECKING:
    from latente import data as data
    from latente.evaluation import diagnose as diagnose
    from latente.evaluation import evaluate as evaluate
    from latente.model import VAE as VAE
    from latente.report import compare as compare
    from latente.report import sweep as sweep
    from latente.training import NonFiniteGuard as NonFiniteGuard
    from latente.training import Run as Run
    from latente.training import resume as resume
    from latente.training import train as train

_HOME = {
    "VAE": "latente.model",
    "NonFiniteGuard": "latente.training",
    "Run": "latente.training",
    "train": "latente.training",
    "resume": "latente.training",
    "evaluate": "latente.evaluation",
    "diagnose": "latente.evaluation",
    "compare": "latente.report",
    "sweep": "latente.report",
}
_NEEDS_KERAS = {"model", "training", "evaluation", "recipes", "report", "lesson"}

__all__ = [
    "VAE",
    "NonFiniteGuard",
    "Run",
    "UserError",
    "compare",
    "data",
    "diagnose",
    "evaluate",
    "load",
    "resume",
    "sweep",
    "train",
]


def load(source: Run | str | Path) -> VAE:
    """A trained VAE: that of a run, at its best epoch by validation ELBO, or one saved as a ``.keras`` file.

    Args:
        source: A run or its directory, a ``.keras`` file, or the address of a run on Hugging Face's Hub, such as
            ``hf://user/garments`` or, at a branch, tag or commit, ``hf://user/garments@v1``.

    Raises:
        UserError: There is no run, or none that has a model, or the Hub cannot be reached.
    """
    from latente.backend import import_keras

    import_keras()
    import keras

    from latente.training import Run  # which brings the classes that a file names

    if isinstance(source, Run):
        return source.model()
    if str(source).startswith("hf://"):
        from latente.export.hub import fetch

        return fetch(str(source)).model()
    if str(source).endswith(".keras"):
        return keras.saving.load_model(source)
    return Run(source).model()


def __getattr__(name: str) -> Any:
    """Import on first use: Keras takes seconds, and ``latente --help`` needs none of it."""
    module = _HOME.get(name, f"latente.{name}")
    if name not in _HOME and name not in {"data", "figures", *_NEEDS_KERAS}:
        raise AttributeError(f"module 'latente' has no attribute {name!r}")
    if module.removeprefix("latente.") in _NEEDS_KERAS:
        from latente.backend import import_keras

        import_keras()
    found = importlib.import_module(module)
    return getattr(found, name) if name in _HOME else found
