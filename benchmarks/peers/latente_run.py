"""Latente as a user runs it: ``latente.train`` into a run directory, with its validation, checkpoints and pictures."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import common

from latente import data


def main() -> None:
    """Train, and print the result line."""
    parser = common.parser(__doc__)
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--precision", required=True)
    arguments = parser.parse_args()
    dataset = data.load("fashion-mnist", data_dir=arguments.data_dir)
    dataset = replace(dataset, train=data.Split(dataset.train.images[: arguments.images]))
    watch = common.Watch()

    from keras_callbacks import Clock, add_callback

    import latente

    with tempfile.TemporaryDirectory() as folder:
        add_callback(Clock(watch))
        run = latente.train(
            dataset,
            Path(folder) / "run",
            epochs=arguments.epochs,
            batch_size=common.BATCH,
            lr=common.LEARNING_RATE,
            seed=arguments.seed,
            precision=arguments.precision,
            **{"training.lr_schedule": "constant", "network.activation": "relu"},  # as its peers
        )
        watch.stop()
        vae = run.model("last")
        environment = run.environment

    common.report(
        watch,
        arguments,
        ("latente", "keras", "tensorflow", "numpy"),
        precision=environment["precision"],
        jit_compile=environment["jit_compile"],
        parameters=vae.encoder.count_params() + vae.decoder.count_params(),
        test_elbo=common.elbo(dataset.test.images, *yardstick(vae)),
    )


def yardstick(vae) -> tuple:
    """The two functions of arrays that ``common.elbo`` asks for."""
    from keras import ops

    def posterior(images):
        found = vae.posterior_parameters(images)
        return found["z_mean"], found["z_log_var"]

    return posterior, lambda z: ops.convert_to_numpy(vae.decoder(ops.convert_to_tensor(z)))


if __name__ == "__main__":
    main()
