"""What every test gets: a quiet process that leaves the user's home alone, and the way to the real data."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

# These must stand before the first import of Keras, and reach the processes that tests start.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["MPLBACKEND"] = "Agg"
os.environ["LATENTE_LANG"] = "en"  # whatever the locale
if "PYTEST_XDIST_WORKER" in os.environ:  # processes that all took every core would wait for each other
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": "1"}
else:  # whose processes have the same folders
    # Keras reads a keras.json from its home, in which a user may have changed the float type or the image format. The
    # classifiers that figures need are trained once for all tests, and stay out of the user's cache.
    for name in ("KERAS_HOME", "LATENTE_CACHE_DIR"):
        os.environ[name] = tempfile.mkdtemp(prefix="latente-tests-")
        atexit.register(shutil.rmtree, os.environ[name], ignore_errors=True)
os.environ.pop("LATENTE_DATA_DIR", None)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder."""
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv("LATENTE_CACHE_DIR", str(cache))
    return cache


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with Fashion-MNIST, MNIST and CelebA; the test skips where there is none."""
    named = os.environ.get("LATENTE_TEST_DATA")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"LATENTE_TEST_DATA names a folder that does not exist: {named}")
    pytest.skip("no real data: set LATENTE_TEST_DATA to a folder with fashion-mnist, mnist and celeba in it")
