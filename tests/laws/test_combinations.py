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


GAUSSIANS, QUANTIZERS = {"DiagonalGaussian", "FullGaussian"}, {"FSQ", "VectorQuantizer"}
PRIORS = {
    # the posteriors that each goes with: KL(q, p) is finite only where both are densities or both are over the codes
    "StandardNormal": GAUSSIANS,
    "Flow": GAUSSIANS,
    "Mixture": GAUSSIANS,
    "VampPrior": GAUSSIANS,
    "Uniform": QUANTIZERS,
    "Autoregressive": QUANTIZERS,
}
OBJECTIVES = {
    # the posteriors that each goes with, by what its paper's formula has in it
    "BetaTCVAE": {"DiagonalGaussian"},  # log q(z_j given x) of each dimension
    "DIPVAE": {"DiagonalGaussian"},  # Var(z_j given x) of each dimension
    "FactorVAE": GAUSSIANS,  # codes that are shuffled among images, dimension by dimension, and a gradient through them
    "IWAE": GAUSSIANS,  # log q(z given x) of a draw, and a gradient through the draw
    "MMD": GAUSSIANS,  # a kernel of draws, and a gradient through them
    "CapacityVAE": GAUSSIANS | QUANTIZERS,
    "ELBO": GAUSSIANS | QUANTIZERS,
    "GECO": GAUSSIANS | QUANTIZERS,
    "Autoencoder": GAUSSIANS | QUANTIZERS,
}
NOTHING_TO_LEARN_FROM = {"Autoencoder": {"Flow", "Mixture", "VampPrior", "Autoregressive"}}
"""Priors that learn from the KL, beside an objective without one. MMD trains them by its draws."""
FIT = {
    (posterior, prior, objective)
    for posterior in GAUSSIANS | QUANTIZERS
    for prior in PRIORS
    for objective in OBJECTIVES
    if posterior in PRIORS[prior] & OBJECTIVES[objective] and prior not in NOTHING_TO_LEARN_FROM.get(objective, set())
}


def reason_against(posterior: Choice, prior: Choice, objective: Choice) -> str:
    """What the rule says against choices, or nothing."""
    try:
        check_compatible(posterior, prior, objective)
    except UserError as error:
        return str(error)
    return ""


MAY_CLASH = ("posterior", "prior", "objective")
"""The axes whose choices may not fit each other."""
PARTS = {axis: {name: choice() for name, choice in choices(AXES[axis]).items()} for axis in MAY_CLASH}
REASONS = {
    names: reason_against(*(PARTS[axis][name] for axis, name in zip(MAY_CLASH, names, strict=True)))
    for names in itertools.product(*PARTS.values())
}


def fitting() -> list[Combination]:
    every = itertools.product(*map(choices, AXES.values()))
    at = [list(AXES).index(axis) for axis in MAY_CLASH]
    return [names for names in every if tuple(names[i] for i in at) in FIT]


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


def test_every_choice_is_in_the_tables():
    assert {axis: set(parts) for axis, parts in PARTS.items()} == {
        "posterior": GAUSSIANS | QUANTIZERS,
        "prior": PRIORS.keys(),
        "objective": OBJECTIVES.keys(),
    }


def test_the_rule_lets_pass_what_fits_and_nothing_else():
    assert {names for names, reason in REASONS.items() if not reason} == FIT


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (
            ("FSQ", "Flow", "ELBO"),
            "Posterior FSQ has discrete codes. Received prior Flow, which has a density over all codes. Choose prior "
            "Uniform or Autoregressive.",
        ),
        (
            ("FullGaussian", "Uniform", "Autoencoder"),
            "Posterior FullGaussian has a density over all codes. Received prior Uniform, which has discrete codes. "
            "Choose prior StandardNormal.",
        ),
        (
            ("DiagonalGaussian", "VampPrior", "Autoencoder"),
            "Prior VampPrior learns from the KL. Received objective Autoencoder, which has none. Choose prior "
            "StandardNormal.",
        ),
        (
            ("FullGaussian", "Mixture", "BetaTCVAE"),
            "Objective BetaTCVAE needs a posterior with independent dimensions. Received posterior FullGaussian. "
            "Choose posterior DiagonalGaussian, or objective ",
        ),
        (
            ("VectorQuantizer", "Autoregressive", "IWAE"),
            "Objective IWAE needs a posterior with a density. Received posterior VectorQuantizer. Choose posterior "
            "DiagonalGaussian or FullGaussian, or objective ",
        ),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_a_refusal_says_why_and_what_to_choose_instead(names: Combination, reason: str):
    assert REASONS[names].startswith(reason)


def test_a_refusal_proposes_all_that_mends_it():
    """Where the prior is wrong, another prior; where the objective asks for more, those that ask for less."""
    for posterior, prior, objective in REASONS.keys() - FIT:
        untrained = NOTHING_TO_LEARN_FROM.get(objective, set())
        if posterior not in PRIORS[prior] or prior in untrained:
            expected = {"prior": {each for each in PRIORS if posterior in PRIORS[each]} - untrained}
        else:
            expected = {
                "posterior": OBJECTIVES[objective],
                "objective": {each for each in OBJECTIVES if posterior in OBJECTIVES[each]},
            }
        remedies = REASONS[posterior, prior, objective].rstrip(".").partition(" Choose ")[2].split(", or ")
        found = {axis: set(names.split(" or ")) for axis, _, names in (each.partition(" ") for each in remedies)}
        assert found == expected, (posterior, prior, objective)
