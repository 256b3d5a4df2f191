"""Which backends are there, what they compute on, and what a person is advised."""

import keras
import pytest

from latente import devices
from latente.cli import main
from latente.devices import Backend, advice

CPU, GPU = ("cpu:0",), ("cuda:0", "cpu:0")


def backends(used: str, **found: tuple[str, ...]) -> list[Backend]:
    """Those that are found have devices; the others are not installed."""
    names = ("tensorflow", "jax", "torch")
    return [Backend(name, "1.2" if name in found else None, found.get(name, ()), name == used) for name in names]


@pytest.mark.parametrize(
    ("there", "nvidia", "expected"),
    [
        (backends("tensorflow", tensorflow=CPU, jax=CPU, torch=CPU), False, None),
        (backends("tensorflow", tensorflow=CPU), False, None),
        (backends("torch", torch=GPU), True, None),
        (backends("jax", tensorflow=CPU, jax=GPU), True, None),
        (backends("tensorflow", tensorflow=CPU, torch=GPU), True, "torch has cuda:0: KERAS_BACKEND=torch"),
        (backends("tensorflow", tensorflow=CPU, jax=GPU, torch=GPU), True, "jax has cuda:0: KERAS_BACKEND=jax"),
        (backends("jax", jax=CPU), True, "sees: pip install 'jax[cuda12]'"),
        (backends("tensorflow", tensorflow=CPU), True, "sees: pip install 'tensorflow[and-cuda]'"),
        (backends("jax", jax=CPU, tensorflow=CPU), False, "KERAS_BACKEND=tensorflow latente"),
        (backends("jax", jax=CPU), False, "pip install 'latente[tensorflow]'"),
    ],
)
def test_the_advice_is_for_what_is_there(monkeypatch, there: list[Backend], nvidia: bool, expected: str | None):
    monkeypatch.setattr(devices, "install", lambda extra: f"pip install 'latente[{extra}]'")
    lines = advice(there, nvidia)
    assert [expected in line for line in lines] == ([] if expected is None else [True])


def test_the_driver_is_looked_for_where_nobody_says(monkeypatch: pytest.MonkeyPatch):
    there = backends("tensorflow", tensorflow=CPU)
    for path, expected in ((None, 0), ("/usr/bin/nvidia-smi", 1)):
        monkeypatch.setattr(devices.shutil, "which", lambda name, path=path: path)
        assert len(advice(there)) == expected


def test_the_command_names_every_backend_and_the_one_in_use(monkeypatch: pytest.MonkeyPatch, capsys):
    usual = devices._version
    used = keras.backend.backend()
    missing = next(name for name in ("jax", "torch") if name != used)
    monkeypatch.setattr(devices, "_version", lambda name: None if name == missing else usual(name))
    assert main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["tensorflow", "jax", "torch"]
    assert [line.split()[0] for line in lines if line.endswith("in use")] == [used]
    assert all("cpu:0" in line or "not installed: pip install" in line for line in lines[:3])
    (left_out,) = (line for line in lines if line.startswith(missing))
    assert f"[{missing}]'" in left_out


def test_a_backend_that_cannot_be_used_says_why(monkeypatch: pytest.MonkeyPatch, capsys):
    def broken(name: str) -> tuple[str, ...]:
        raise ImportError("libcudart.so.12:\n cannot open shared object file")

    monkeypatch.setattr(devices, "_devices", broken)
    monkeypatch.setattr(devices, "_version", lambda name: "1.2")
    assert main(["devices"]) == 0
    lines = capsys.readouterr().out.splitlines()
    why = "cannot be used: ImportError: libcudart.so.12: cannot open shared object file"
    assert [why in line for line in lines[:3]] == [True] * 3
