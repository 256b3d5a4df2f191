"""pythae 0.1.2: its VAE and its own trainer, around the lesson's networks."""

from __future__ import annotations

import tempfile

import common


def main() -> None:
    """Train, and print the result line."""
    arguments = common.parser(__doc__).parse_args()
    images = common.splits(arguments.data, arguments.images)
    watch = common.Watch()

    import pythae_networks as networks
    import torch
    import torch_networks
    from pythae.data.datasets import BaseDataset
    from pythae.models import VAE, VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig
    from pythae.trainers.training_callbacks import TrainingCallback

    class Clock(TrainingCallback):
        def on_train_step_end(self, training_config, **kwargs):
            watch.step(common.BATCH)

    def dataset(split):
        data = torch.from_numpy(common.unit(images[split])).reshape(-1, 1, 28, 28)
        return BaseDataset(data, torch.ones(len(data)))

    torch.manual_seed(arguments.seed)
    model = VAE(
        VAEConfig(input_dim=(1, 28, 28), latent_dim=common.LATENTS, reconstruction_loss="bce"),
        networks.Encoder(),
        networks.Decoder(),
    )
    with tempfile.TemporaryDirectory() as output:
        trainer = BaseTrainer(
            model,
            dataset("train"),
            dataset("validation"),
            BaseTrainerConfig(
                output_dir=output,
                num_epochs=arguments.epochs,
                learning_rate=common.LEARNING_RATE,
                per_device_train_batch_size=common.BATCH,
                per_device_eval_batch_size=common.BATCH,
                seed=arguments.seed,
            ),
            callbacks=[Clock()],
        )
        trainer.train()
        watch.stop()

    common.report(
        watch,
        arguments,
        ("pythae", "torch", "numpy"),
        precision="float32",
        parameters=torch_networks.parameters(model),
        test_elbo=common.elbo(images["test"], *torch_networks.yardstick(model.encoder.network, model.decoder.network)),
    )


if __name__ == "__main__":
    main()
