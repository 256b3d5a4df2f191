import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test reads or writes the user's folders."""
    monkeypatch.setenv("LATENTE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("LATENTE_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def real_data():
    """The folder of the real data sets; see CONTRIBUTING."""
    folder = Path(os.environ.get("LATENTE_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not (folder / "mnist").is_dir():
        pytest.skip(f"the real data are not in {folder}; set LATENTE_TEST_DATA to their folder")
    return str(folder)


@pytest.fixture
def pictures():
    """30 different grey pictures with a little structure, (30, 20, 20) uint8."""
    return np.random.default_rng(0).integers(0, 256, (30, 20, 20), np.uint8)
