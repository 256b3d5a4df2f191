"""Many steps in one program: what they leave is that of one step at a time, and an answer comes while they run."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE
from latente.data import Split
from latente.model.axes import Objective
from latente.model.choice import choices
from latente.model.objectives import ELBO
from latente.training import feed as feeds
from latente.training import loops
from latente.training.batches import Batches
from latente.training.feed import Resident, Streamed

pytestmark = pytest.mark.backend

SHAPE = (8, 8, 1)
SPLIT = Split(np.random.default_rng(0).integers(0, 256, (23, *SHAPE), dtype="uint8"), np.arange(23, dtype="int32") % 3)
BATCH, STEPS = 4, 6
"""The last batch has 3 images."""


def made(**options: Any) -> VAE:
    keras.utils.set_random_seed(1)
    vae = VAE(SHAPE, **{"latent_dim": 2, "network": "Dense", **options})
    rate = keras.optimizers.schedules.CosineDecay(1e-2, 2 * STEPS)
    adam = keras.optimizers.Adam(rate, global_clipnorm=5.0, use_ema=True, ema_momentum=0.9)
    vae.compile(adam, jit_compile=keras.backend.backend() == "jax")
    vae.optimizer.build(vae.trainable_variables)
    return vae


def state(vae: VAE) -> list[np.ndarray]:
    """Weights, noise, step, metrics, and what the optimizer keeps."""
    variables = [*vae.variables, *vae.metrics_variables, *vae.optimizer.variables]
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def batches(vae: VAE, dynamic: bool = False) -> Batches:
    return Batches(SPLIT, BATCH, 5, shuffle=True, dynamic=dynamic, labelled=vae.classes > 0)


def by_keras(vae: VAE, dynamic: bool = False) -> tuple[list[np.ndarray], list[float]]:
    """Two epochs of one step at a time, by Keras's own ``fit``."""
    given = batches(vae, dynamic)

    class Read(keras.utils.PyDataset):
        def __len__(self) -> int:
            return STEPS

        def __getitem__(self, index: int) -> tuple[Any]:
            images, labels = given.read(index, index + 1)
            return ({"images": images, "labels": labels} if vae.classes else images,)

    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: given.start_epoch(epoch))
    history = keras.Model.fit(vae, Read(), epochs=2, callbacks=[order], shuffle=False, verbose=0).history
    return state(vae), history["loss"]


def by_loops(
    vae: VAE, size: int, kind: Callable = Resident, dynamic: bool = False, monkeypatch: Any = None
) -> tuple[list[np.ndarray], list[float]]:
    """The same, by so many steps a call."""
    given = batches(vae, dynamic)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: given.start_epoch(epoch))
    monkeypatch.setattr(loops, "steps_a_call", lambda *_: size)
    with loops.in_chunks(vae, kind(given), kind(given)) as chunks:
        assert len(chunks.training) == -(-STEPS // size)
        history = keras.Model.fit(vae, chunks.training, epochs=2, callbacks=[order], shuffle=False, verbose=0).history
    return state(vae), history["loss"]


CASES: dict[str, dict[str, Any]] = {name: {"objective": name} for name in choices(Objective)}
CASES |= {
    "conditional": {"classes": 3},
    "a schedule": {"objective": ELBO(beta=4.0, schedule="linear", schedule_steps=7)},
    "convolutions": {"network": "Conv"},
    "a moving codebook": {"latent_dim": 16, "posterior": "VectorQuantizer", "prior": "Uniform"},
}


def check_close(found: tuple[list[np.ndarray], list[float]], expected: tuple[list[np.ndarray], list[float]]) -> None:
    """Another program may round otherwise."""
    for one, other in zip(found[0], expected[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5)


MAIN = {"ELBO", "FactorVAE", "conditional", "a moving codebook", "convolutions"}
"""What is tried on every backend at each change; the others compile for minutes in all."""
OTHERS = () if keras.backend.backend() == "tensorflow" else (pytest.mark.slow,)


@pytest.mark.parametrize("case", [pytest.param(case, marks=() if case in MAIN else OTHERS) for case in CASES])
def test_many_steps_a_call_leave_what_single_steps_of_keras_leave(case: str, monkeypatch: pytest.MonkeyPatch):
    check_close(by_loops(made(**CASES[case]), 4, monkeypatch=monkeypatch), by_keras(made(**CASES[case])))


@pytest.mark.parametrize("case", ["conditional", "convolutions"])
def test_calls_of_any_size_leave_the_same_bits(case: str, monkeypatch: pytest.MonkeyPatch):
    (single, losses), *others = (by_loops(made(**CASES[case]), n, monkeypatch=monkeypatch) for n in (1, 4, STEPS))
    for several, other_losses in others:
        for found, other in zip(several, single, strict=True):
            np.testing.assert_array_equal(found, other)
        assert other_losses == losses


@pytest.mark.parametrize("dynamic", [False, True])
@pytest.mark.parametrize("batches_at_once", [1, 2, 100])
def test_windows_of_any_size_leave_what_all_images_on_the_device_leave(
    dynamic: bool, batches_at_once: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(feeds, "WINDOW", batches_at_once * BATCH * 64)
    check_close(by_loops(made(classes=3), 4, Streamed, dynamic, monkeypatch), by_keras(made(classes=3), dynamic))


def test_trying_how_long_a_step_takes_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    """Nor does what it finds depend on more than the clock: steps of 10 ms make 25 a call, up to all of an epoch."""
    vae = made()
    before, now = state(vae), [0.0]

    class Slow:
        """A loop on whose clock a step takes as long as it says, and the first 3 seconds more."""

        def __init__(self, seconds: float):
            self.loop, self.seconds, self.first = loops.loop(vae, train=True), seconds, 3.0

        def state(self):
            return self.loop.state()

        def take(self, segment, state):
            now[0] += self.first + self.seconds * (int(segment.last) - int(segment.first))
            self.first = 0.0
            return self.loop.take(segment, state)

    monkeypatch.setattr(loops.time, "perf_counter", lambda: now[0])
    many = Split(np.tile(SPLIT.images, (20, 1, 1, 1)))
    feed = Resident(Batches(many, BATCH, 5, shuffle=True, dynamic=False))
    for seconds, expected in ((0.01, 25), (0.12, 2), (2.0, 1), (1e-6, 115)):
        assert loops.steps_a_call(vae, Slow(seconds), feed) == expected
    assert loops.steps_a_call(vae, Slow(0.01), Resident(Batches(many, 1000, 5, shuffle=True, dynamic=False))) == 1
    for found, value in zip(state(vae), before, strict=True):
        np.testing.assert_array_equal(found, value)


def test_the_loop_ends_at_the_step_whose_loss_is_no_number():
    vae = made()
    vae.compile(keras.optimizers.Adam(1e30), jit_compile=keras.backend.backend() == "jax")
    vae.optimizer.build(vae.trainable_variables)
    loop, feed = loops.loop(vae, train=True), Resident(batches(vae))
    (segment, _) = feed.segments(0, STEPS)
    logs, after = loop.take(segment, loop.state())
    if after is not None:
        for variables, values in zip(loop.variables, after, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
    assert not np.isfinite(float(logs["loss"]))
    assert int(ops.convert_to_numpy(vae.optimizer.iterations)) == 2  # the step after the first update


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the other backends refuse such a model")
def test_a_step_that_python_decides_is_taken_all_the_same(monkeypatch: pytest.MonkeyPatch):
    class Deciding(ELBO):
        def loss(self, evidence):
            loss, logs = super().loss(evidence)
            return (loss if float(ops.stop_gradient(ops.mean(loss))) > 0 else 2 * loss), logs

    with pytest.warns(UserWarning, match="one by one.*value out of a tracing tensor"):
        found = by_loops(made(objective=Deciding()), 4, monkeypatch=monkeypatch)
    check_close(found, by_keras(made(objective=Deciding())))


@pytest.mark.skipif(keras.backend.backend() != "torch", reason="the other backends compile what Python decides once")
def test_a_step_that_python_counts_is_not_recorded(monkeypatch: pytest.MonkeyPatch):
    class Counting(ELBO):
        calls = 0

        def loss(self, evidence):
            self.calls += 1
            loss, logs = super().loss(evidence)
            return self.calls * loss, logs

    vae = made(objective=Counting())
    with pytest.warns(UserWarning, match="one by one.*keeps Python state"):
        by_loops(vae, 4, monkeypatch=monkeypatch)


@pytest.mark.parametrize("seed", [None, 3])
def test_trying_how_long_a_step_takes_draws_nothing_from_a_dropout(seed: int | None, monkeypatch: pytest.MonkeyPatch):
    """The number of steps that are tried is the clock's say; what is drawn afterwards must not be."""
    found = []
    for seconds in (0.0, 0.3):
        keras.utils.set_random_seed(1)
        layers = keras.layers
        drops = [layers.Flatten(), layers.Dense(16), layers.Dropout(0.5, seed=seed), layers.Dense(4)]
        decoder = keras.Sequential([layers.Input((2,)), layers.Dense(64), layers.Reshape(SHAPE)])
        vae = VAE(encoder=keras.Sequential([layers.Input(SHAPE), *drops]), decoder=decoder)
        vae.compile(keras.optimizers.Adam(1e-2), jit_compile=keras.backend.backend() == "jax")
        vae.optimizer.build(vae.trainable_variables)
        monkeypatch.setattr(loops, "TRIAL", seconds)
        feed = Resident(batches(vae))
        with loops.in_chunks(vae, feed, feed) as chunks:
            keras.Model.fit(vae, chunks.training, epochs=1, shuffle=False, verbose=0)
        found.append(state(vae))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)
