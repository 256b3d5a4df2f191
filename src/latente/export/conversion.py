"""Keras's own files as ONNX or SavedModel, by TensorFlow whatever the backend.

TensorFlow's converter takes every choice of every axis; PyTorch's (2.13) fails on several, and JAX's way leads through
TensorFlow. A ``.keras`` file loads on any backend: on another than TensorFlow, the conversion runs in a process of its
own. This file imports nothing of Latente's model, so that the process starts fast.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import warnings
from pathlib import Path

from latente.backend import import_keras
from latente.errors import UserError
from latente.extras import install

NEEDS = {"onnx": ("tensorflow", "tf2onnx", "onnxruntime"), "saved-model": ("tensorflow",)}
"""The modules that a format needs, whatever the backend."""


def check_installed(format: str) -> None:
    """Refuse a format whose libraries are missing.

    Raises:
        UserError: One of them is not installed.
    """
    missing = [name for name in NEEDS.get(format, ()) if importlib.util.find_spec(name) is None]
    if missing:
        extras = ("export", "tensorflow") if format == "onnx" else ("tensorflow",)
        raise UserError(
            f"--format {format} needs {' and '.join(missing)}, on every backend. Install: {install(*extras)}; "
            "or take --format keras."
        )


def convert(format: str, folder: Path) -> None:
    """Write each model of a folder of ``.keras`` files as ONNX or SavedModel beside it.

    Args:
        format: ``onnx``, for ``NAME.onnx`` beside ``NAME.keras``; or ``saved-model``, for a folder ``NAME``.
        folder: The folder.

    Raises:
        RuntimeError: The conversion failed.
    """
    import_keras()
    import keras

    if keras.backend.backend() == "tensorflow":
        for file in sorted(folder.glob("*.keras")):
            _convert(format, file)
        return
    command = [sys.executable, "-m", __name__, format, str(folder)]
    done = subprocess.run(
        command, env={**os.environ, "KERAS_BACKEND": "tensorflow"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"TensorFlow could not convert the model:\n{done.stderr[-2000:]}")


def _convert(format: str, file: Path) -> None:
    import keras

    model = keras.saving.load_model(file)
    inputs = {x.name: keras.InputSpec(shape=x.shape, dtype=x.dtype, name=x.name) for x in model.inputs}
    kind, suffix = {"onnx": ("onnx", ".onnx"), "saved-model": ("tf_saved_model", "")}[format]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)  # Keras asks NumPy whether it is
        model.export(file.with_suffix(suffix), format=kind, verbose=False, input_signature=[inputs])


if __name__ == "__main__":
    convert(sys.argv[1], Path(sys.argv[2]))
