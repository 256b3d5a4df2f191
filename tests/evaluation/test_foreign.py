"""VAEs written outside Latente, as students write them, are diagnosed rightly: one healthy and one collapsed each."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import latente
from latente.data import load

LATENTS, HIDDEN, EPOCHS = 4, 64, 60
REDUCTIONS = {"sum": None, "mean": "loss-averaged-over-pixels"}  # the commonest bug: Keras's losses average


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    dataset = load("digits")
    train, test = (np.asarray(split.images, "float32") / 255 for split in (dataset.train, dataset.test))
    return train, test


def assert_diagnosed(found: latente.evaluation.Diagnosis, expected: str | None) -> None:
    if expected is None:
        assert found.healthy, found
        assert found.figures["effective_beta"] == pytest.approx(1, abs=0.4)
    else:
        assert {expected, "posterior-collapse"} <= set(found.names), found


@pytest.mark.parametrize("reduction", ["sum", pytest.param("mean", marks=pytest.mark.slow)])
def test_a_plain_keras_vae(digits, reduction: str):
    train, test = digits
    keras.utils.set_random_seed(0)
    side = train.shape[1]
    encoder = keras.Sequential([layers.Flatten(), layers.Dense(HIDDEN, "relu"), layers.Dense(2 * LATENTS)])
    decoder = keras.Sequential(
        [layers.Dense(HIDDEN, "relu"), layers.Dense(side * side, "sigmoid"), layers.Reshape((side, side, 1))]
    )

    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.encoder, self.decoder = encoder, decoder
            self.seed = keras.random.SeedGenerator(0)

        def call(self, x):
            mean, log_var = ops.split(encoder(x), 2, axis=-1)
            y = decoder(mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed))
            pixels = keras.losses.binary_crossentropy(x, y)
            kl = 0.5 * ops.sum(ops.square(mean) + ops.exp(log_var) - 1 - log_var, axis=-1)
            self.add_loss(ops.mean(getattr(ops, reduction)(pixels, axis=(1, 2)) + kl))
            return y

    vae = Plain()
    vae.compile(keras.optimizers.Adam(5e-3), jit_compile=False)
    loss = vae.fit(train, epochs=EPOCHS, batch_size=128, verbose=0).history["loss"][-1]
    found = latente.diagnose(lambda x: ops.split(encoder(x), 2, axis=-1), decoder, test, train_images=train, loss=loss)
    assert_diagnosed(found, REDUCTIONS[reduction])


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_a_plain_pytorch_vae(digits, reduction: str):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: make backends")
    from torch import nn
    from torch.nn import functional

    train, test = digits
    torch.manual_seed(0)
    side = train.shape[1]
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(side * side, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENTS))
    decoder = nn.Sequential(nn.Linear(LATENTS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, side * side), nn.Sigmoid())
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], 5e-3)
    for _ in range(EPOCHS):
        losses = []
        for batch in torch.from_numpy(train).split(128):
            mean, log_var = encoder(batch).chunk(2, dim=1)
            y = decoder(mean + torch.exp(0.5 * log_var) * torch.randn_like(mean))
            pixels = functional.binary_cross_entropy(y, batch.flatten(1), reduction="none")
            kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(1)
            loss = (getattr(torch, reduction)(pixels, dim=1) + kl).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    found = latente.diagnose(
        lambda x: encoder(torch.from_numpy(x)).chunk(2, dim=1),
        lambda z: decoder(torch.from_numpy(z)).reshape(-1, side, side, 1),
        test,
        train_images=train,
        loss=float(np.mean(losses)),
    )
    assert_diagnosed(found, REDUCTIONS[reduction])
