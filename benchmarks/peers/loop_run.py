"""Steps of one model on one backend, in turn: as Keras's ``fit`` takes them, as Latente does, and bare."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import latente  # before Keras, as its documentation says
from latente import backend

# isort: split
import common
import keras
import numpy as np

from latente.data import Split
from latente.model.networks import Dense
from latente.training import feed as feeds
from latente.training.batches import Batches, EpochOrder
from latente.training.feed import Feed, Resident, Streamed
from latente.training.loops import in_chunks

SIDES = {"tiny": 8, "lesson": 28}
BATCHES = {"tiny": 64, "lesson": 128}
Timed = Callable[[], float]


class Listening(keras.callbacks.Callback):
    """Reads the loss of each call, as a progress bar and a guard do."""

    def on_train_batch_end(self, batch, logs=None):
        """Have the figures brought to the host."""
        assert logs["loss"] < 1e9


def model(kind: str) -> keras.Model:
    """The lesson's model, or one so small that the loop is what costs."""
    keras.utils.set_random_seed(0)
    side = SIDES[kind]
    vae = latente.VAE((side, side, 1), 10 if kind == "lesson" else 2, network="Conv" if kind == "lesson" else TINY)
    vae.compile(keras.optimizers.Adam(1e-3), jit_compile=backend.jit_compile())
    vae.optimizer.build(vae.trainable_variables)
    return vae


TINY = Dense(hidden=(32,))


def by_keras(vae: keras.Model, batches: Batches) -> Timed:
    """An epoch of one step a call, on batches from the host."""

    class Read(keras.utils.PyDataset):
        def __len__(self):
            return len(batches)

        def __getitem__(self, index):
            return (batches.read(index, index + 1)[0],)

    def items() -> Any:
        if keras.backend.backend() != "tensorflow":
            return Read()
        import tensorflow as tf

        options = tf.data.Options()
        options.autotune.enabled = False
        signature = (tf.TensorSpec((None, *batches.split.image_shape), "uint8"),)
        made = tf.data.Dataset.from_generator(lambda: iter(Read()), output_signature=signature)
        made = made.apply(tf.data.experimental.assert_cardinality(len(batches)))
        return made.prefetch(2).with_options(options)

    given = items()

    def epoch() -> float:
        began = time.perf_counter()
        keras.Model.fit(vae, given, callbacks=[Listening(), EpochOrder(batches)], shuffle=False, verbose=0)
        return time.perf_counter() - began

    return epoch


def by_latente(vae: keras.Model, given: Feed) -> Iterator[Timed]:
    """The same by many steps a call."""
    batches = given.batches
    with in_chunks(vae, given, given) as chunks:

        def epoch() -> float:
            began = time.perf_counter()
            callbacks = [Listening(), EpochOrder(batches)]
            keras.Model.fit(vae, chunks.training, callbacks=callbacks, shuffle=False, verbose=0)
            return time.perf_counter() - began

        yield epoch


def scanned(vae: keras.Model, batches: Batches) -> Timed:
    """On JAX: one scan over all steps of the epoch, with its data and its order on the device."""
    import jax
    from jax import lax

    variables = [vae.trainable_variables, vae.non_trainable_variables, vae.optimizer.variables, vae.metrics_variables]
    images = jax.numpy.asarray(batches.split.images)
    rows = batches.order[: len(images) // batches.size * batches.size].reshape(-1, batches.size)

    @jax.jit
    def steps(state, rows):
        return lax.scan(lambda state, own: (vae.train_step(state, (images[own],))[1], None), state, rows)[0]

    state = tuple([variable.value for variable in each] for each in variables)
    state = jax.block_until_ready(steps(state, rows))

    def epoch() -> float:
        nonlocal state
        began = time.perf_counter()
        state = jax.block_until_ready(steps(state, rows))
        return time.perf_counter() - began

    return epoch


def plain(kind: str, batches: Batches) -> Timed:
    """On PyTorch: a plain loop with a ``DataLoader``."""
    import torch
    import torch_networks as networks
    from torch import nn
    from torch.nn import functional as F
    from torch.utils.data import DataLoader, TensorDataset

    pixels = SIDES[kind] ** 2
    tiny = (
        nn.Sequential(nn.Flatten(), nn.Linear(pixels, 32), nn.ReLU(), nn.Linear(32, 4)),
        nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, pixels), nn.Unflatten(1, (1, 8, 8))),
    )
    encoder, decoder = (networks.encoder(), networks.decoder()) if kind == "lesson" else tiny
    images = torch.from_numpy(common.unit(batches.split.images)).reshape(-1, 1, SIDES[kind], SIDES[kind])
    loader = DataLoader(TensorDataset(images), batch_size=batches.size, shuffle=True)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-3)

    def epoch() -> float:
        began, total = time.perf_counter(), 0.0
        for (x,) in loader:
            optimizer.zero_grad()
            mean, log_var = encoder(x).chunk(2, dim=1)
            logits = decoder(mean + torch.randn_like(mean) * torch.exp(0.5 * log_var))
            reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
            loss = reconstruction - 0.5 * torch.sum(1 + log_var - mean.pow(2) - log_var.exp())
            loss.backward()
            total += loss.item()
            optimizer.step()
        assert total < 1e12
        return time.perf_counter() - began

    return epoch


def main() -> None:
    """Measure in rounds, and print the result line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=SIDES, required=True)
    parser.add_argument("--steps", type=int, required=True, help="of an epoch")
    parser.add_argument("--rounds", type=int, required=True)
    arguments = parser.parse_args()
    kind, size, side = arguments.model, BATCHES[arguments.model], SIDES[arguments.model]
    images = np.random.default_rng(0).integers(0, 256, (arguments.steps * size, side, side, 1), dtype="uint8")

    def batches() -> Batches:
        return Batches(Split(images), size, seed=0, shuffle=True, dynamic=False)

    feeds.WINDOW = images.nbytes // 10
    held = [by_latente(model(kind), given(batches())) for given in (Resident, Streamed)]
    names = ("Keras's fit, a step a call", "Latente", "Latente, streamed in ten windows")
    programs = dict(zip(names, (by_keras(model(kind), batches()), *map(next, held)), strict=True))
    if keras.backend.backend() == "jax":
        programs["bare scan"] = scanned(model(kind), batches())
    if keras.backend.backend() == "torch":
        programs["plain PyTorch loop"] = plain(kind, batches())
    for epoch in programs.values():
        epoch()  # compiled
    seconds = {name: [] for name in programs}
    for _ in range(arguments.rounds):
        for name, epoch in programs.items():
            seconds[name].append(epoch() / arguments.steps)
    print(json.dumps({"step_seconds": seconds}))


if __name__ == "__main__":
    main()
