"""What Keras is given to train on: images whose grey says which they are, in a whole training but for its steps."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

import latente
from latente import VAE, backend, data
from latente.options import options_of
from latente.training import Run, trainer
from latente.training import feed as feeds
from latente.training.batches import Batches, EpochOrder
from latente.training.callbacks import Pictures, Recorder
from latente.training.feed import Feed, Resident, Streamed
from latente.training.length import Length
from latente.training.loops import Chunks
from latente.training.settings import Settings

GREYS = {"train": range(1, 24), "validation": range(101, 106), "test": range(201, 205)}
EVERY = list(GREYS["train"])
QUICK = {"epochs": 3, "batch_size": 10, "latent_dim": 2, "network": "Dense", "network.hidden": (64,)}
QUICK |= {"training.pictures_every": 0, "training.precision": "float32"}

Batch = dict[str, np.ndarray]


def split(greys: Iterable[int]) -> data.Split:
    """An image for each grey, and the label that belongs to it."""
    levels = np.array(list(greys), np.uint8)
    return data.Split(np.tile(levels[:, None, None, None], (1, 8, 8, 1)), (levels % 3).astype(np.int32))


def dataset(**options: Any) -> data.Dataset:
    return data.hold(data.Dataset("greys", *map(split, GREYS.values())), **options)


@dataclass
class Fed:
    """What one training was given, by the number of the epoch; the model has taken no step."""

    run: Run
    vae: VAE
    callbacks: list[keras.callbacks.Callback]
    training: dict[int, list[Batch]]
    validation: dict[int, list[Batch]]
    multiplied: str

    def order(self, epoch: int) -> list[int]:
        """The greys of the images of an epoch."""
        return [int(grey) for batch in self.training[epoch] for grey in batch["images"][:, 0, 0, 0]]

    def rate(self, step: int) -> float:
        """The learning rate at a step."""
        self.vae.optimizer.iterations.assign(step)
        return float(ops.convert_to_numpy(self.vae.optimizer.learning_rate))

    def callback(self, kind: type) -> Any:
        """The callback of that kind, if any."""
        return next((each for each in self.callbacks if isinstance(each, kind)), None)


def read(feed: Feed) -> list[Batch]:
    found = []
    for segment in feed.segments(0, len(feed)):
        arrays = segment.arrays if isinstance(segment.arrays, dict) else {"images": segment.arrays}
        arrays = {name: ops.convert_to_numpy(value) for name, value in arrays.items()}
        for rows in ops.convert_to_numpy(segment.rows)[int(segment.first) : int(segment.last)]:
            found.append({name: value[rows] for name, value in arrays.items()})
    return found


@contextmanager
def in_chunks(vae: VAE, training: Feed, validation: Feed) -> Iterator[Chunks]:
    yield Chunks(1, training, validation, isinstance(training, Resident))


WINDOWS = {"one batch a window": 1, "two": 2, "all": 1000}
each_form = pytest.mark.parametrize("feed", ["resident", *WINDOWS], indirect=True)


@pytest.fixture
def feed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fed]:
    """Trains, or resumes a run, with a ``fit`` that reads what it is given epoch by epoch and learns nothing."""
    given: dict[str, Any] = {}
    if (batches := WINDOWS.get(getattr(request, "param", "resident"))) is not None:
        monkeypatch.setattr(feeds, "COPY", 0)
        monkeypatch.setattr(feeds, "WINDOW", batches * 10 * 8 * 8 + 100)

    def fit(vae, x, *, validation_data, initial_epoch, epochs, shuffle, callbacks, verbose):
        assert not shuffle, "Keras would shuffle what has its order"
        given.update(vae=vae, callbacks=callbacks, training={}, validation={}, multiplied=asked[-1])
        for epoch in range(initial_epoch, epochs):
            next(each for each in callbacks if isinstance(each, EpochOrder)).on_epoch_begin(epoch)
            given["training"][epoch + 1], given["validation"][epoch + 1] = read(x), read(validation_data)

    monkeypatch.setattr(keras.Model, "fit", fit)
    monkeypatch.setattr(trainer, "in_chunks", in_chunks)
    asked: list[str] = []
    monkeypatch.setattr(trainer.backend, "multiplying", lambda precision: asked.append(precision) or nullcontext())
    paths = (tmp_path / str(number) for number in range(99))

    def made(held: data.Dataset | None = None, resumed: Run | None = None, progress=False, **options: Any) -> Fed:
        if resumed:
            return Fed(latente.resume(resumed, progress=progress), **given)
        asked = {name: value for name, value in (QUICK | options).items() if value is not None}
        return Fed(latente.train(held or dataset(), next(paths), progress=False, **asked), **given)

    return made


@each_form
def test_each_image_of_a_batch_has_its_own_label(feed: Callable[..., Fed]) -> None:
    fed = feed(conditional=True)
    batches = [batch for part in (fed.training, fed.validation) for each in part.values() for batch in each]
    assert len(batches) == 3 * (3 + 1)
    for batch in batches:
        np.testing.assert_array_equal(batch["images"][:, 0, 0, 0] % 3, batch["labels"])
    assert "labels" not in feed().training[1][0]


@each_form
def test_each_epoch_has_each_training_image_once_in_an_order_of_its_own(feed: Callable[..., Fed]) -> None:
    fed = feed()
    orders = [fed.order(epoch) for epoch in (1, 2, 3)]
    for order in orders:
        assert sorted(order) == EVERY != order
    assert len(set(map(tuple, orders))) == 3
    assert [len(batch["images"]) for batch in fed.training[2]] == [10, 10, 3]
    assert int(fed.vae.images) == fed.callback(Recorder).images == 23


@each_form
def test_validation_is_the_validation_split_and_the_test_split_is_never_seen(feed: Callable[..., Fed]) -> None:
    for batches in feed().validation.values():
        assert [batch["images"][:, 0, 0, 0].tolist() for batch in batches] == [list(GREYS["validation"])]


def test_a_subset_keeps_the_labels_of_its_images_and_the_other_splits(feed: Callable[..., Fed]) -> None:
    fed = feed(dataset(subset=11), conditional=True)
    assert sorted(set(fed.order(1))) == sorted(fed.order(2)) != EVERY[:11]
    assert len(fed.order(1)) == 11 and set(fed.order(1)) <= set(EVERY)
    for batch in fed.training[3]:
        np.testing.assert_array_equal(batch["images"][:, 0, 0, 0] % 3, batch["labels"])
    assert fed.validation[3][0]["images"][:, 0, 0, 0].tolist() == list(GREYS["validation"])


def test_a_seed_decides_weights_order_and_noise_and_nothing_of_the_data(feed: Callable[..., Fed]) -> None:
    fed = [feed(seed=seed) for seed in (0, 1, 0)]
    first, other, again = ([each.order(1), each.order(2)] for each in fed)
    assert first == again
    assert first[0] != other[0] and first[1] != other[1] and first[1] != other[0]
    weights = [ops.convert_to_numpy(each.vae.encoder.layers[-1].kernel).ravel() for each in fed]
    np.testing.assert_array_equal(weights[0], weights[2])
    assert abs(np.corrcoef(weights[0], weights[1])[0, 1]) < 0.3  # five standard deviations for 256 weights
    noise = [ops.convert_to_numpy(each.vae.training_noise.state).tolist() for each in fed]
    assert noise[0] == noise[2] != noise[1]
    assert len({each.run.environment["data_fingerprint"] for each in fed}) == 1


@each_form
def test_images_are_drawn_anew_each_epoch_and_those_of_validation_once(feed: Callable[..., Fed]) -> None:
    half = data.Split(np.full((20, 8, 8, 1), 128, np.uint8))
    held = data.hold(data.Dataset("half", half, half, half), binarize="dynamic")
    first, other, again = (feed(held, seed=seed) for seed in (4, 5, 4))

    def pixels(batches: list[Batch]) -> np.ndarray:
        return np.concatenate([batch["images"].ravel() for batch in batches])

    # 1,280 pixels of two halves: the share of white is 0.502 +- 0.014, and so is that of equal ones of two draws.
    drawn = [pixels(fed.training[epoch]) for fed in (first, other) for epoch in (1, 2)]
    drawn += [pixels(fed.validation[1]) for fed in (first, other)]
    for i, one in enumerate(drawn):
        assert set(one) == {0, 255}
        assert (one == 255).mean() == pytest.approx(128 / 255, abs=0.07)
        for another in drawn[:i]:
            assert (one == another).mean() == pytest.approx(0.5, abs=0.07)
    for epoch in (1, 2, 3):
        np.testing.assert_array_equal(pixels(first.training[epoch]), pixels(again.training[epoch]))
        np.testing.assert_array_equal(pixels(first.validation[epoch]), pixels(first.validation[1]))


@each_form
def test_a_resumed_run_goes_on_with_the_epoch_that_was_to_come(
    feed: Callable[..., Fed], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(trainer, "shown", lambda *of: told.append(of) or nullcontext([]))
    whole = feed(conditional=True, seed=6)
    for epoch in (1, 2):
        whole.run.record({"epoch": epoch, "val_elbo": -1.0})
    whole.vae.optimizer.build(whole.vae.trainable_variables)
    whole.vae.step.assign(6)  # two epochs of three batches
    whole.run.save(whole.vae, best=True)
    resumed = feed(resumed=whole.run, progress=True)
    images = "kept there" if feeds.COPY else "streamed"
    about = f"{keras.backend.backend()} on {backend.device()} in float32; images {images}; steps a call: 1"
    assert capsys.readouterr().err.splitlines()[0] == about
    assert told[-1] == (True, Length(images=23, batch_size=10, epochs=3), 1, 2)  # two epochs are done
    assert list(resumed.training) == [3]
    assert resumed.order(3) == whole.order(3) != whole.order(1)
    for batch in resumed.training[3]:
        np.testing.assert_array_equal(batch["images"][:, 0, 0, 0] % 3, batch["labels"])


def test_a_run_without_a_checkpoint_begins_again_and_knows_its_classes(feed: Callable[..., Fed]) -> None:
    resumed = feed(resumed=feed(conditional=True).run)
    assert list(resumed.training) == [1, 2, 3]
    assert resumed.vae.classes == 3


def stops(fed: Fed) -> list[int]:
    """The epochs after which training ends, where none is better than the first."""
    log = [{"epoch": epoch, "val_elbo": -float(epoch)} for epoch in range(1, 6)]
    settings = fed.callback(Recorder).settings
    return [entry["epoch"] for entry in log if settings.stops_after(log[: entry["epoch"]])]


def sizes(fed: Fed) -> list[int]:
    return [len(batch["images"]) for batch in fed.training[1]]


def after_two_steps(fed: Fed) -> float:
    """What is kept, in thousandths, of a weight at 0 that two steps with the gradient 1 lower by the learning rate."""
    optimizer, weight = keras.optimizers.Adam.from_config(fed.vae.optimizer.get_config()), keras.Variable(0.0)
    for _ in range(2):
        optimizer.apply([ops.convert_to_tensor(1.0)], [weight])
    optimizer.finalize_variable_values([weight])
    return 1e3 * float(ops.convert_to_numpy(weight))


def about(expected: Any) -> Any:
    return pytest.approx(expected, rel=1e-4, abs=1e-9)


CHANGES: dict[str, tuple[dict[str, Any], Callable[[Fed], Any], Any, Any]] = {
    "epochs": ({"epochs": 2}, lambda fed: list(fed.training), [1, 2, 3], [1, 2]),
    "batch_size": ({"batch_size": 6}, sizes, [10, 10, 3], [6, 6, 6, 5]),
    "steps": ({"epochs": None, "steps": 10}, lambda fed: list(fed.training), [1, 2, 3], [1, 2, 3, 4]),
    "lr": ({"lr": 0.02}, lambda fed: fed.rate(0), about(0.001), about(0.02)),
    # Half a cosine over nine steps: (1 + cos 60 degrees) / 2, (1 + cos 120 degrees) / 2, 0.
    "lr_schedule": (
        {"training.lr_schedule": "constant"},
        lambda fed: [fed.rate(step) for step in (0, 3, 6, 9)],
        about([0.001, 0.00075, 0.00025, 0.0]),
        about([0.001] * 4),
    ),
    "clip_norm": ({"training.clip_norm": 0.5}, lambda fed: fed.vae.optimizer.global_clipnorm, None, 0.5),
    # The second step is (1 + cos 20 degrees) / 2 = 0.96985 of the first; 0.75 * 1 + 0.25 * 1.96985.
    "ema": ({"training.ema": 0.75}, after_two_steps, about(-1.96985), about(-1.24246)),
    "patience": ({"training.patience": 1}, stops, [3, 4, 5], [2, 3, 4, 5]),
    "seed": ({"seed": 1}, lambda fed: fed.run.config["training"]["seed"], 0, 1),
    "precision": (
        {"training.precision": "bfloat16"},
        lambda fed: (fed.vae.encoder.layers[-2].compute_dtype, fed.multiplied),
        ("float32", "float32"),
        ("bfloat16", "bfloat16"),
    ),
    "pictures_every": (
        {"training.pictures_every": 2},
        lambda fed: getattr(fed.callback(Pictures), "every", None),
        None,
        2,
    ),
    "track": ({"training.track": "tensorboard"}, lambda fed: type(fed.callbacks[-1]).__name__, "Health", "TensorBoard"),
}


def test_every_option_of_training_has_its_effect_below() -> None:
    assert CHANGES.keys() == options_of(Settings).keys()


@pytest.mark.parametrize("option", CHANGES)
def test_an_option_of_training_changes_what_it_says(feed: Callable[..., Fed], option: str) -> None:
    options, found, before, after = CHANGES[option]
    for given, expected in (({}, before), (options, after)):
        assert found(feed(**given)) == expected


def test_tf32_is_asked_of_the_steps_alone(feed: Callable[..., Fed]) -> None:
    fed = feed(**{"training.precision": "tf32"})
    assert (fed.vae.encoder.layers[-2].compute_dtype, fed.multiplied) == ("float32", "tf32")


@pytest.mark.parametrize(
    ("memory", "size", "form"),
    [
        (None, 23 * 64, Resident),
        (None, 23 * 64 - 1, Streamed),  # a second copy in the memory of a CPU
        (4 * 23 * 64, 0, Resident),  # a quarter of an accelerator's
        (4 * 23 * 64 - 1, 0, Streamed),
    ],
)
def test_images_stay_on_the_device_where_they_fit(
    monkeypatch: pytest.MonkeyPatch, memory: int | None, size: int, form: type[Feed]
) -> None:
    monkeypatch.setattr(feeds.backend, "memory", lambda: memory)
    monkeypatch.setattr(feeds, "COPY", size)
    for dynamic in (False, True):
        batches = Batches(split(GREYS["train"]), 10, 0, shuffle=True, dynamic=dynamic)
        assert type(feeds.feed(batches)) is (Streamed if dynamic else form)
