"""Whether an exported model computes what the trained one does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
from keras import ops

from latente.model.vae import VAE

Arrays = dict[str, np.ndarray]
Function = Callable[[Arrays], Arrays]

TOLERANCE = 1e-4
"""Largest difference of a number in float32, relative to it where it is above 1."""
CODES_TOLERANCE = 1e-3
"""Largest share of discrete codes that may differ: those whose two nearest neighbours are equally far."""
BATCHES = (1, 7, 64)


def differences(trained: Function, exported: Function, inputs: Arrays) -> dict[str, float]:
    """The largest difference of each output between two models, over batches of several sizes.

    Args:
        trained: One half of the trained VAE, as a function from named arrays to named arrays.
        exported: The same half as it was exported.
        inputs: Named arrays of 64 rows.

    Returns:
        For each output, the largest absolute difference, relative to the value where it is above 1. For whole numbers
        the share that differs.

    Raises:
        RuntimeError: An output has another shape, or differs by more than the tolerance.
    """
    found: dict[str, float] = {}
    for size in BATCHES:
        batch = {name: value[:size] for name, value in inputs.items()}
        expected = trained(batch)
        for name, value in exported(batch).items():
            if name != "codes":  # which follow from their indices; one other index is another vector altogether
                largest = np.maximum(found.get(name, 0.0), _difference(expected[name], value))  # max() would drop NaN
                found[name] = float(largest)
    _check(found)
    return found


def halves_of(vae: VAE) -> dict[str, Function]:
    """Encoder and decoder of a trained VAE, as its own verbs compute them."""
    return {
        "encoder": lambda inputs: vae.posterior_parameters(inputs["images"], inputs.get("labels")),
        "decoder": lambda inputs: {"images": vae.decode(inputs["codes"], inputs.get("labels"))},
    }


def _difference(expected: np.ndarray, received: np.ndarray) -> float:
    if expected.shape != received.shape:
        raise RuntimeError(f"The exported model gives the shape {received.shape} in place of {expected.shape}.")
    if np.issubdtype(expected.dtype, np.integer):
        return float(np.mean(expected != received))
    return float(np.max(np.abs(expected - received) / np.maximum(1.0, np.abs(expected))))


def _check(found: Mapping[str, float]) -> None:
    limits = {name: CODES_TOLERANCE if name == "indices" else TOLERANCE for name in found}
    wrong = [f"{name} by {value:.1e}" for name, value in found.items() if not value <= limits[name]]
    if wrong:
        raise RuntimeError(
            f"The exported model differs from the trained one: {', '.join(wrong)}. At most {TOLERANCE:g} is accepted. "
            f"Nothing was written; this is a defect of the conversion, so please report it, and take another --format."
        )


def opened(format: str, path: Path) -> Function:
    """A model that was exported as ``keras``, ``saved-model`` or ``onnx``, as a function of named arrays."""
    if format == "keras":
        model = keras.saving.load_model(path)
        return lambda inputs: {name: ops.convert_to_numpy(value) for name, value in model(inputs).items()}
    if format == "saved-model":
        import tensorflow as tf

        served = tf.saved_model.load(str(path))
        return lambda inputs: {name: value.numpy() for name, value in served.serve(inputs).items()}
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs), strict=True))
