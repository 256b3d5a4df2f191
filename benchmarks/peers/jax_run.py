"""A training step on JAX with Keras's own transposed convolution and with Latente's, in turn."""

from __future__ import annotations

import json
import time

import latente  # before Keras, as its documentation says

# isort: split
import common
import keras
import numpy as np
from keras import layers

from latente.model.layers import Conv2DTranspose

STEPS = {"Keras's layer": 5, "Latente's layer": 50}


def main() -> None:
    """Measure three rounds, and print the result line."""
    images = np.random.default_rng(0).integers(0, 256, (common.BATCH, common.SIDE, common.SIDE, 1), np.uint8)
    calls = dict(zip(STEPS, (layers.Conv2DTranspose.call, Conv2DTranspose.call), strict=True))
    models = {}
    for name, call in calls.items():
        Conv2DTranspose.call = call
        models[name] = latente.VAE((common.SIDE, common.SIDE, 1), common.LATENTS)
        models[name].compile(keras.optimizers.Adam(common.LEARNING_RATE))
        models[name].train_on_batch(images)  # compiled with this form of the layer
    seconds = {name: [step_seconds(models[name], images, STEPS[name]) for _ in range(3)] for name in models}
    print(json.dumps({"step_seconds": seconds}))


def step_seconds(vae: keras.Model, images: np.ndarray, steps: int) -> float:
    """How long a step takes."""
    start = time.perf_counter()
    for _ in range(steps):
        vae.train_on_batch(images)
    return (time.perf_counter() - start) / steps


if __name__ == "__main__":
    main()
