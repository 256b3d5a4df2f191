"""The options of the optimizer: clipped gradients, and averaged weights that are used, kept and gone on from."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import latente
from latente.errors import UserError
from latente.training import Run
from latente.training.settings import Settings

pytestmark = pytest.mark.backend

QUICK = {
    "training.batch_size": 256,
    "latent_dim": 3,
    "network": "Dense",
    "network.hidden": (8,),
    "training.precision": "float32",
    "training.pictures_every": 0,
}


def train(path: Path, **options) -> Run:
    return latente.train(
        "digits", path, progress=False, **{**QUICK, **{f"training.{k}": v for k, v in options.items()}}
    )


def checkpoint(run: Run, which: str = "last") -> keras.Model:
    return keras.saving.load_model(run.checkpoint(which))


def arrays(variables) -> list[np.ndarray]:
    return [ops.convert_to_numpy(variable) for variable in variables]


def slots(vae: keras.Model, name: str) -> list[np.ndarray]:
    """The optimizer's variables of that name, in the order of the weights."""
    return arrays(v for v in vae.optimizer.variables if v.path.endswith(name))


def test_clipping_bounds_the_gradient_that_adam_sees():
    """After one step Adam's momentum is a tenth of the gradient."""
    norms = {}
    for limit in (0.0, 0.5):
        keras.utils.set_random_seed(0)
        vae = latente.VAE((8, 8, 1), 2, network="Dense")
        vae.compile(Settings(clip_norm=limit).optimizer(steps=1), run_eagerly=True)
        vae.fit(np.random.default_rng(0).uniform(size=(4, 8, 8, 1)).astype("float32"), verbose=0)
        norms[limit] = 10 * np.sqrt(sum((m.astype("float64") ** 2).sum() for m in slots(vae, "momentum")))
    assert norms[0.0] > 1.0
    assert norms[0.5] == pytest.approx(0.5, rel=1e-4)


@pytest.fixture(scope="module")
def averaged(tmp_path_factory) -> Run:
    return train(tmp_path_factory.mktemp("runs") / "averaged", epochs=3, ema=0.9)


def test_the_averaged_weights_are_validated_and_kept(averaged: Run):
    plain = train(averaged.path.with_name("plain"), epochs=3)
    assert plain.log[-1]["loss"] == pytest.approx(averaged.log[-1]["loss"], rel=1e-4)  # training itself is the same
    vae = checkpoint(averaged)
    trained = arrays(checkpoint(plain).trainable_variables)
    differences = [
        np.abs(average - raw).max() for average, raw in zip(arrays(vae.trainable_variables), trained, strict=True)
    ]
    assert min(differences) > 5e-4
    for which in ("last", "best"):
        model = averaged.model(which)
        model.compile()
        x = np.asarray(averaged.data().validation.images)
        found = model.evaluate(x, batch_size=256, verbose=0, return_dict=True)
        epoch = averaged.log[-1] if which == "last" else averaged.best_epoch
        assert found["kl"] == pytest.approx(epoch["val_kl"], rel=1e-4)


def test_a_resumed_run_averages_as_the_uninterrupted_one(averaged: Run, tmp_path: Path, monkeypatch):
    """Stopped after its second epoch, as by a kill, and gone on with."""

    def stop_after_two(run: Run, entry: dict) -> list[dict]:
        log = record(run, entry)
        if entry["epoch"] == 3:
            raise KeyboardInterrupt
        return log

    record = Run.record
    monkeypatch.setattr(Run, "record", stop_after_two)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "run", epochs=3, ema=0.9)
    monkeypatch.undo()
    resumed = latente.resume(tmp_path / "run", progress=False)
    assert [entry["epoch"] for entry in resumed.log] == [1, 2, 3]
    assert int(resumed.model("last").step) == 3 * 5  # 1,258 images in batches of 256
    assert [entry["val_elbo"] for entry in resumed.log] == [entry["val_elbo"] for entry in averaged.log]
    for which in ("last", "best"):
        models = (checkpoint(averaged, which), checkpoint(resumed, which))
        states = ([*vae.variables, *vae.optimizer.variables] for vae in models)
        for a, b in zip(*states, strict=True):
            np.testing.assert_array_equal(ops.convert_to_numpy(a), ops.convert_to_numpy(b), err_msg=a.path)


LIMITS = {
    "epochs": (1, 0),
    "batch_size": (1, 0),
    "steps": (1, 0),
    "patience": (0, -1),
    "pictures_every": (0, -1),
    "seed": (0, -1),
    "lr": (1e-30, 0.0),
    "clip_norm": (0.0, -1e-9),
    "ema": (0.0, -1e-9),
}
MOST = {
    "seed": (2**32 - 1, 2**32),
    "ema": (0.999999, 1.0),
    "lr": (1e30, float("inf")),
    "clip_norm": (1e30, float("inf")),
}


@pytest.mark.parametrize(
    ("option", "last", "first"), [(name, *ends) for limits in (LIMITS, MOST) for name, ends in limits.items()]
)
def test_the_last_value_is_taken_and_the_first_beyond_is_refused(option: str, last: float, first: float):
    assert getattr(Settings(**{option: last}), option) == last
    with pytest.raises(UserError, match=f"{option} must be .*Received {re.escape(str(first))}"):
        Settings(**{option: first})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ema": 1.0}, "ema must be at least 0 and below 1, such as 0.999. Received 1.0"),
        ({"track": "paper"}, "track must be one of none, mlflow, tensorboard. Received 'paper'"),
    ],
)
def test_mistakes_are_explained(options: dict, message: str):
    with pytest.raises(UserError, match=message):
        Settings(**options)
