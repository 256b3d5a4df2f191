"""What the backends of this environment compute on, and what would be faster here."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

from latente.backend import MODULES, native_stderr_held
from latente.extras import install

PACKAGES = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}
FOR_GPU = {"tensorflow": "'tensorflow[and-cuda]'", "jax": "'jax[cuda12]'", "torch": "torch"}


@dataclass(frozen=True)
class Backend:
    """One backend of Keras.

    Attributes:
        name: As in ``KERAS_BACKEND``.
        version: Of its library, None where it is not installed.
        devices: What it computes on, the first one unless told otherwise.
        used: Whether this process computes with it.
        problem: Why it cannot be used, if so.
    """

    name: str
    version: str | None
    devices: tuple[str, ...]
    used: bool
    problem: str = ""

    @property
    def missing(self) -> str:
        """What to say in place of the devices."""
        return f"not installed: {install(self.name)}" if self.version is None else f"cannot be used: {self.problem}"

    @property
    def accelerated(self) -> bool:
        """Whether it has more than a CPU."""
        return any(not device.startswith("cpu") for device in self.devices)


def found() -> list[Backend]:
    """Every backend of Keras, with those that are not installed."""
    import keras

    return [_backend(name, keras.backend.backend() == name) for name in MODULES]


def advice(backends: Sequence[Backend], nvidia: bool | None = None) -> list[str]:
    """What would be faster.

    Args:
        backends: What was found.
        nvidia: Whether the machine has a GPU of NVIDIA; by default, whether its driver's tool is there.
    """
    nvidia = shutil.which("nvidia-smi") is not None if nvidia is None else nvidia
    used = next((each for each in backends if each.used), None)
    faster = [each for each in backends if each.accelerated]
    if used and used.accelerated:
        return []
    if faster:
        best = next((each for each in faster if each.name == "jax"), faster[0])
        return [f"{best.name} has {best.devices[0]}: KERAS_BACKEND={best.name} latente ... trains there"]
    if nvidia and used:
        return [f"This machine has a GPU of NVIDIA that no backend sees: pip install {FOR_GPU[used.name]}"]
    slow = used and used.name == "jax" and next((each for each in backends if each.name == "tensorflow"), None)
    if slow:
        how = "KERAS_BACKEND=tensorflow latente ..." if slow.version else install("tensorflow")
        return [f"On a CPU, TensorFlow trains convolutions two to five times as fast as JAX: {how}"]
    return []


def _backend(name: str, used: bool) -> Backend:
    version = _version(name)
    if version is None:
        return Backend(name, None, (), used)
    try:
        return Backend(name, version, _devices(name), used)
    except Exception as error:  # of whatever kind: a library that is missing or does not fit is what one looks for here
        return Backend(name, version, (), used, " ".join(f"{type(error).__name__}: {error}".split())[:200])


def _version(name: str) -> str | None:
    for package in PACKAGES[name]:
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return None


def _devices(name: str) -> tuple[str, ...]:
    if name == "tensorflow":
        with native_stderr_held():
            import tensorflow as tf
        kinds = [device.device_type.lower() for device in tf.config.list_physical_devices()]
        return tuple(f"{kind}:{kinds[:i].count(kind)}" for i, kind in enumerate(kinds))[::-1]
    if name == "jax":
        import jax

        return tuple(f"{device.platform}:{device.id}" for device in jax.devices())
    import torch

    cuda = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    mps = ["mps:0"] if torch.backends.mps.is_available() else []
    return (*cuda, *mps, "cpu:0")
