"""Trains a VAE written in plain Keras, right or with a mean over pixels, and prints what the diagnosis finds."""

from __future__ import annotations

import numpy as np
from doctor_run import parser, report

import latente
from latente import data

# isort: split
import keras
from keras import layers, ops

LATENTS, TRAIN = 10, 10_000


class PlainVAE(keras.Model):
    """As a student writes it.

    Args:
        reduction: ``"sum"`` over pixels, or ``"mean"``.
    """

    def __init__(self, reduction: str, seed: int) -> None:
        super().__init__()
        self.reduction = reduction
        self.noise = keras.random.SeedGenerator(seed)
        self.encoder = keras.Sequential(
            [layers.Input((28, 28, 1)), layers.Flatten(), layers.Dense(256, "relu"), layers.Dense(2 * LATENTS)]
        )
        self.decoder = keras.Sequential(
            [
                layers.Input((LATENTS,)),
                layers.Dense(256, "relu"),
                layers.Dense(784, "sigmoid"),
                layers.Reshape((28, 28, 1)),
            ]
        )

    def call(self, x):
        """Encode, sample, decode, and add the loss."""
        mean, log_var = ops.split(self.encoder(x), 2, axis=-1)
        z = mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.noise)
        y = self.decoder(z)
        pixels = keras.losses.binary_crossentropy(x, y)  # one channel: (n, 28, 28)
        reconstruction = ops.sum(pixels, axis=(1, 2)) if self.reduction == "sum" else ops.mean(pixels, axis=(1, 2))
        kl = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - 1 - log_var, axis=-1)
        self.add_loss(ops.mean(reconstruction + kl))
        return y


def main() -> None:
    """Train, diagnose and print the result line."""
    arguments = parser(__doc__).parse_args()
    dataset = data.load(arguments.data, data_dir=arguments.data_dir)
    train, test = (np.asarray(split.images) for split in (dataset.train, dataset.test))
    keras.utils.set_random_seed(arguments.seed)
    vae = PlainVAE(arguments.options["reduction"], arguments.seed)
    vae.compile(keras.optimizers.Adam(arguments.options.get("lr", 1e-3)), jit_compile=False)
    x = train[:TRAIN].astype("float32") / 255
    history = vae.fit(x, epochs=15, batch_size=128, verbose=0).history["loss"]

    def encode(images: np.ndarray) -> list[np.ndarray]:
        return np.split(vae.encoder.predict(images, verbose=0), 2, axis=1)

    report(
        latente.diagnose(
            encode,
            lambda codes: vae.decoder.predict(codes, verbose=0),
            test,
            train_images=x,
            loss=history[-1],
            log=[{"epoch": i, "loss": loss} for i, loss in enumerate(history, start=1)],
        )
    )


if __name__ == "__main__":
    main()
