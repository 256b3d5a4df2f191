"""What stands at the start of the lesson's decoder, between its dense layers and its first convolution: a fair trial.

    python benchmarks/decoder_start.py --data-dir DATA [--epochs 30] [--seeds 0,1,2] [--variants 'relu;none']

Trains the lesson's network on Fashion-MNIST with each variant, all else alike, and appends a line for each run to
``benchmarks/results/decoder_start.jsonl``. Runs are kept in ``runs/decoder-start``: what was interrupted goes on, what
is measured already is left alone. The table is in benchmarks/README.md.

A unit is silent when its output is the same for every code, and a position of a map when over 90% of its units are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import latente
from latente.backend import import_keras
from latente.model.axes import ImageShape

import_keras()

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import initializers, layers  # noqa: E402

from latente.evaluation.bounds import elbo_terms  # noqa: E402
from latente.model.networks import Conv  # noqa: E402

RESULTS = Path(__file__).parent / "results" / "decoder_start.jsonl"
RUNS = Path("runs/decoder-start")
CODES = 2_000
SILENT = 1e-6  # of the largest output of its layer


class Start(Conv):
    """The lesson's network with another start of its decoder.

    Args:
        start: Activation of the decoder's first map.
        initializer: Keras name of the initial weights of every layer but the last ones.
        bias: Initial bias of the dense layer that makes the first map.
        activation: Activation everywhere else.
    """

    def __init__(
        self,
        start: str = "relu",
        initializer: str = "glorot_uniform",
        bias: float = 0.0,
        activation: str = "relu",
        **kwargs: Any,
    ) -> None:
        super().__init__(activation=activation, **kwargs)
        self.start, self.initializer, self.bias = start, initializer, bias

    def _down(self, image_shape: ImageShape, dtype: Any) -> list[layers.Layer]:
        return self._initialized(super()._down(image_shape, dtype))

    def _up(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any) -> list[layers.Layer]:
        stack = super()._up(latent_dim, image_shape, channels, dtype)
        stack = [layer for layer in stack if not isinstance(layer, layers.Activation)]
        (reshape,) = (i for i, layer in enumerate(stack) if isinstance(layer, layers.Reshape))
        stack[reshape - 1].bias_initializer = initializers.Constant(self.bias)
        stack.insert(reshape + 1, layers.Activation(self.start, dtype=dtype))
        return [*self._initialized(stack[:-1]), stack[-1]]

    def _hidden(self, dtype: Any) -> list[layers.Layer]:
        return self._initialized(super()._hidden(dtype))

    def _initialized(self, stack: list[layers.Layer]) -> list[layers.Layer]:
        for layer in stack:
            if hasattr(layer, "kernel_initializer"):
                layer.kernel_initializer = initializers.get(self.initializer)
        return stack


VARIANTS: dict[str, dict[str, Any]] = {
    "relu": {"start": "relu"},
    "none": {"start": "linear"},
    "elu": {"start": "elu"},
    "silu": {"start": "silu", "activation": "silu"},  # throughout, in the encoder too
    "silu, none": {"start": "linear", "activation": "silu"},
    "he": {"start": "relu", "initializer": "he_normal"},
    "bias": {"start": "relu", "bias": 0.1},
}


def silent(decoder: keras.Model, codes: np.ndarray) -> dict[str, dict[str, float]]:
    """From the decoder's first map on: the share of silent units of each layer, and its silent positions."""
    names = [layer.name for layer in decoder.layers]
    (first,) = (i for i, layer in enumerate(decoder.layers) if isinstance(layer, layers.Reshape))
    watched = keras.Model(decoder.inputs, [layer.output for layer in decoder.layers[first:-1]])
    found = {}
    for name, output in zip(names[first:], watched.predict(codes, verbose=0, batch_size=500), strict=False):
        still = np.ptp(output, axis=0) <= SILENT * np.abs(output).max()
        found[name] = {
            "silent_units": float(still.mean()),
            "silent_positions": int((still.mean(axis=-1) > 0.9).sum()),
            "positions": still[..., 0].size,
        }
    return found


def measured(variant: str, seed: int, run: latente.Run, dataset: Any) -> dict[str, Any]:
    """The figures of a finished run."""
    vae = run.model()
    found = elbo_terms(vae, dataset.test.images, seed=0)
    codes = np.concatenate([found.mean[: CODES // 2], np.random.default_rng(0).standard_normal((CODES // 2, 10))])
    return {
        "variant": variant,
        "seed": seed,
        "epochs": len(run.log),
        "precision": run.environment["precision"],
        "val_elbo": [round(entry["val_elbo"], 3) for entry in run.log],
        "best_epoch": run.best_epoch["epoch"],
        "test_elbo": float(found.elbo.mean()),
        "test_elbo_standard_error": float(found.elbo.std() / len(found.elbo) ** 0.5),
        "test_reconstruction": float(found.reconstruction.mean()),
        "active_units": int(found.active.sum()),
        "silent": silent(vae.decoder, codes.astype("float32")),
    }


def train(variant: str, seed: int, epochs: int, dataset: Any) -> latente.Run:
    """Train one run, or go on with it."""
    path = RUNS / f"{variant.replace(', ', '-')}-{epochs}-seed{seed}"
    if not path.exists():
        training = {"epochs": epochs, "seed": seed, "pictures_every": 0}
        network = {"name": "Start", **VARIANTS[variant]}
        return latente.train(dataset, path, progress=False, network=network, training=training)
    run = latente.Run(path)
    return run if len(run.log) == epochs else latente.resume(run, progress=False)


def main() -> None:
    """Run what is asked for and not measured yet."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--variants", default=";".join(VARIANTS))
    asked = parser.parse_args()
    there = [json.loads(line) for line in RESULTS.read_text().splitlines()] if RESULTS.exists() else []
    done = {(each["variant"], each["seed"], each["epochs"]) for each in there}
    dataset = latente.data.load("fashion-mnist", data_dir=asked.data_dir)
    for seed in map(int, asked.seeds.split(",")):
        for variant in asked.variants.split(";"):
            if (variant, seed, asked.epochs) in done:
                continue
            found = measured(variant, seed, train(variant, seed, asked.epochs, dataset), dataset)
            with RESULTS.open("a") as file:
                file.write(json.dumps(found) + "\n")
            print(variant, seed, round(found["test_elbo"], 2), found["silent"], flush=True)


if __name__ == "__main__":
    main()
