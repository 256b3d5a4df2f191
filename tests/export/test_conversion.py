"""The conversion as the program that it is on other backends than TensorFlow."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest


def test_every_model_of_the_folder_is_converted(tmp_path: Path):
    pytest.importorskip("tensorflow", reason="TensorFlow writes the files, whatever the backend")
    for name in ("encoder", "decoder"):
        keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)]).save(tmp_path / f"{name}.keras")
    command = [sys.executable, "-m", "latente.export.conversion", "saved-model", str(tmp_path)]
    subprocess.run(command, env=os.environ | {"KERAS_BACKEND": "tensorflow"}, capture_output=True, check=True)
    for name in ("encoder", "decoder"):
        assert (tmp_path / name / "saved_model.pb").exists()
