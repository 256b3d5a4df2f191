"""A plain Keras VAE on TensorFlow: float32 arrays, ``compile`` and ``fit`` with their defaults."""

from __future__ import annotations

import common


def main() -> None:
    """Train, and print the result line."""
    arguments = common.parser(__doc__).parse_args()
    images = common.splits(arguments.data, arguments.images)
    watch = common.Watch()

    import keras
    from keras import layers, ops
    from keras_callbacks import Clock

    class VAE(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder = keras.Sequential(
                [
                    layers.Input((28, 28, 1)),
                    layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
                    layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
                    layers.Flatten(),
                    layers.Dense(128, activation="relu"),
                    layers.Dense(2 * common.LATENTS),
                ]
            )
            self.decoder = keras.Sequential(
                [
                    layers.Input((common.LATENTS,)),
                    layers.Dense(128, activation="relu"),
                    layers.Dense(7 * 7 * 64, activation="relu"),
                    layers.Reshape((7, 7, 64)),
                    layers.Conv2DTranspose(64, 3, strides=2, padding="same", activation="relu"),
                    layers.Conv2DTranspose(32, 3, strides=2, padding="same", activation="relu"),
                    layers.Conv2D(1, 3, padding="same"),
                ]
            )
            self.noise = keras.random.SeedGenerator(arguments.seed)
            self.reconstruction = keras.metrics.Mean(name="reconstruction")
            self.kl = keras.metrics.Mean(name="kl")

        def call(self, x):
            z_mean, z_log_var = ops.split(self.encoder(x), 2, axis=-1)
            epsilon = keras.random.normal(ops.shape(z_mean), seed=self.noise)
            return z_mean, z_log_var, self.decoder(z_mean + ops.exp(0.5 * z_log_var) * epsilon)

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            z_mean, z_log_var, logits = y_pred
            cross_entropy = keras.losses.binary_crossentropy(x, logits, from_logits=True)
            reconstruction = ops.mean(ops.sum(cross_entropy, axis=(1, 2)))
            kl = 0.5 * (ops.square(z_mean) + ops.exp(z_log_var) - 1 - z_log_var)
            kl = ops.mean(ops.sum(kl, axis=1))
            self.reconstruction.update_state(reconstruction)
            self.kl.update_state(kl)
            return reconstruction + kl

    keras.utils.set_random_seed(arguments.seed)
    model = VAE()
    model.compile(optimizer=keras.optimizers.Adam(common.LEARNING_RATE))
    model.fit(
        common.unit(images["train"]),
        batch_size=common.BATCH,
        epochs=arguments.epochs,
        validation_data=common.unit(images["validation"]),
        callbacks=[Clock(watch)],
        verbose=2,
    )
    watch.stop()

    common.report(
        watch,
        arguments,
        ("keras", "tensorflow", "numpy"),
        precision="float32",
        jit_compile=model.jit_compile,
        parameters=model.count_params(),
        test_elbo=common.elbo(
            images["test"],
            lambda batch: [ops.convert_to_numpy(part) for part in ops.split(model.encoder(batch), 2, axis=-1)],
            lambda z: ops.convert_to_numpy(model.decoder(z)),
        ),
    )


if __name__ == "__main__":
    main()
