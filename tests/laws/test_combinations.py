"""The five axes together: every pair of choices that fits trains and samples, and every other is refused."""

import itertools

import keras
import numpy as np
import pytest
from keras import ops

from latente import VAE
from latente.errors import UserError
from latente.model import AXES, choices
from latente.model.choice import Choice
from latente.model.compatibility import check_compatible
from latente.model.networks import Conv, Dense, ResNet

pytestmark = pytest.mark.backend

SHAPE, LATENT_DIM = (9, 7, 1), 16
SMALL = {
    "Conv": lambda: Conv(filters=(3, 4), hidden=6),
    "Dense": lambda: Dense(hidden=(8, 6)),
    "ResNet": lambda: ResNet(filters=(4, 4), groups=2),
}
Combination = tuple[str, ...]


def reason_against(posterior: Choice, prior: Choice, objective: Choice) -> str:
    """What harmony says against choices, or nothing."""
    try:
        check_compatible(posterior, prior, objective)
    except UserError as error:
        return str(error)
    return ""


DISCORDANT = ("posterior", "prior", "objective")
"""The axes whose choices may not fit each other."""
PARTS = {axis: {name: choice() for name, choice in choices(AXES[axis]).items()} for axis in DISCORDANT}
REASONS = {
    names: reason_against(*(PARTS[axis][name] for axis, name in zip(DISCORDANT, names, strict=True)))
    for names in itertools.product(*PARTS.values())
}


def fitting() -> list[Combination]:
    every = itertools.product(*map(choices, AXES.values()))
    at = [list(AXES).index(axis) for axis in DISCORDANT]
    return [names for names in every if not REASONS[tuple(names[i] for i in at)]]


def pairs(combination: Combination) -> set[tuple[tuple[str, str], ...]]:
    return set(itertools.combinations(zip(AXES, combination, strict=True), 2))


def covering(combinations: list[Combination]) -> list[Combination]:
    """A few of the combinations that hold every pair that any of them holds: the one with most new pairs, each time."""
    left, chosen = set().union(*map(pairs, combinations)), []
    while left:
        chosen.append(max(combinations, key=lambda combination: len(pairs(combination) & left)))
        left -= pairs(chosen[-1])
    return chosen


def in_turn() -> list:
    """Those that hold a choice for the first time, every day; make test-all has the rest."""
    seen: set[tuple[str, str]] = set()
    found = []
    for combination in covering(fitting()):
        new = set(zip(AXES, combination, strict=True)) - seen
        seen |= new
        found.append(pytest.param(combination, marks=() if new else pytest.mark.slow))
    return found


@pytest.mark.parametrize("combination", in_turn(), ids="-".join)
def test_every_pair_that_fits_trains_one_step_and_samples(combination: Combination):
    network, *others = combination
    keras.utils.set_random_seed(0)
    vae = VAE(SHAPE, LATENT_DIM, SMALL[network](), *others)
    vae.compile(optimizer=keras.optimizers.Adam(1e-2), run_eagerly=True)
    before = [np.array(ops.convert_to_numpy(weight)) for weight in vae.trainable_variables]
    images = np.random.default_rng(0).integers(0, 256, size=(5, *SHAPE), dtype=np.uint8)
    history = vae.fit(images, batch_size=5, epochs=1, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    after = [ops.convert_to_numpy(weight) for weight in vae.trainable_variables]
    assert any((a != b).any() for a, b in zip(before, after, strict=True))
    samples = vae.sample(3)
    assert samples.shape == (3, *SHAPE)
    assert np.isfinite(samples).all()


def test_what_is_refused_says_why_and_following_its_advice_ends_in_what_fits():
    assert any(REASONS.values())
    for names, reason in REASONS.items():
        if reason:
            why = reason.partition(" Choose ")[0]
            assert sum(name in why for name in names) >= 2
            for changed in advised(names, reason):
                again = REASONS[changed]
                assert not again or any(not REASONS[further] for further in advised(changed, again))


def advised(names: Combination, reason: str) -> list[Combination]:
    """The combinations that a refusal proposes: each changes one axis."""
    found = []
    for remedy in reason.rstrip(".").partition(" Choose ")[2].split(", or "):
        axis, _, instead = remedy.partition(" ")
        at = DISCORDANT.index(axis)
        found += [(*names[:at], name, *names[at + 1 :]) for name in instead.split(" or ")]
    return found
