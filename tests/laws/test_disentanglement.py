"""Disentanglement scores on codes whose worth is known, by hand, and against a second implementation."""

import itertools
import math
from functools import cache

import numpy as np
import pytest

from latente.errors import UserError
from latente.evaluation import disentanglement
from latente.evaluation.disentanglement import dci, irs, mig, modularity, sap, scores
from latente.evaluation.disentanglement.fixed_factor import draw_alike
from latente.evaluation.disentanglement.information import binned
from latente.evaluation.disentanglement.prediction import concentration
from laws import disentanglement_by_loops as by_loops

SIZES = (2, 3, 4, 5)
FACTORS = np.array(list(itertools.product(*map(range, SIZES))) * 20)  # every combination 20 times, (2400, 4)
IDENTITY = FACTORS / np.array(SIZES) * 3.5
NOISY = IDENTITY + np.random.default_rng(0).normal(scale=0.1, size=IDENTITY.shape)
TURN = np.kron(np.eye(2), np.array([[1, 1], [-1, 1]]) / math.sqrt(2))  # 45 degrees in the planes (0, 1) and (2, 3)
CODES = {
    "identity": IDENTITY,
    "noisy": NOISY,
    "permuted": NOISY[:, [2, 0, 3, 1]],
    "rescaled": NOISY * [3.0, -0.5, 100.0, 0.01] + [0.0, 1.0, -7.0, 0.1],
    "duplicated": np.tile(NOISY, 2),
    "rotated": ((NOISY - NOISY.mean(axis=0)) / NOISY.std(axis=0)) @ TURN,
    "spare": np.concatenate([NOISY, np.full((len(NOISY), 2), 0.1)], axis=1),
    "zero": np.zeros_like(NOISY),
    "constant": np.tile([0.1, -3.0, 1e6, 1e-6], (len(NOISY), 1)).astype("float32"),
}


@cache
def found(name: str) -> dict[str, float]:
    return scores(CODES[name], FACTORS)


def test_the_identity_code_is_perfect():
    ours = found("identity")
    for name in ("mig", "modularity", "irs", "factor_vae"):
        assert ours[name] == pytest.approx(1.0), name
    for name in ("beta_vae", "dci_disentanglement", "dci_completeness", "dci_informativeness"):
        assert ours[name] >= 0.99, name


def test_sap_of_the_identity_code_is_one_minus_a_guess():
    binary = np.array(list(itertools.product((0, 1), repeat=3)) * 500)
    assert sap(binary, binary) == pytest.approx(1 - 1 / 2, abs=0.03)


def test_the_order_of_the_dimensions_does_not_matter():
    assert found("permuted") == pytest.approx(found("noisy"), abs=0.01)


def test_the_unit_of_a_dimension_does_not_matter_but_to_irs():
    assert without(found("rescaled"), "irs") == pytest.approx(without(found("noisy"), "irs"), abs=0.01)
    assert irs(-7 * NOISY + 2, FACTORS) == pytest.approx(irs(NOISY, FACTORS))


def test_constant_dimensions_are_no_evidence():
    ours = found("spare")
    for name in ("beta_vae", "factor_vae", "mig", "dci_disentanglement", "dci_informativeness", "irs"):
        assert ours[name] == pytest.approx(found("noisy")[name], abs=0.01), name
    assert ours["modularity"] == pytest.approx(found("noisy")["modularity"] * 4 / 6)  # two of six know nothing


def test_a_duplicated_code_is_modular_but_not_complete():
    ours = found("duplicated")
    assert ours["mig"] <= 0.1
    assert ours["sap"] <= 0.1
    assert ours["dci_completeness"] == pytest.approx(1 - math.log(2) / math.log(8), abs=0.08)
    for name in ("beta_vae", "factor_vae", "modularity", "dci_disentanglement", "irs"):
        assert ours[name] == pytest.approx(found("noisy")[name], abs=0.02), name


def test_a_rotated_code_is_worse_though_it_says_as_much():
    margins = {
        "factor_vae": 0.3,
        "mig": 0.5,
        "dci_disentanglement": 0.3,
        "dci_completeness": 0.3,
        "sap": 0.1,
        "modularity": 0.1,
        "irs": 0.2,
    }
    for name, margin in margins.items():
        assert found("rotated")[name] < found("noisy")[name] - margin, name
    assert found("rotated")["dci_informativeness"] > 0.9


@pytest.mark.parametrize("name", ["zero", "constant"])
def test_a_code_that_says_nothing_scores_nothing(name):
    assert found(name) == pytest.approx(
        {
            "beta_vae": 1 / 4,  # a guess
            "factor_vae": 0.0,
            "mig": 0.0,
            "dci_disentanglement": 0.0,
            "dci_completeness": 0.0,
            "dci_informativeness": np.mean([1 / k for k in SIZES]),  # a guess on unseen pairs
            "sap": 0.0,
            "modularity": 0.0,
            "irs": 0.0,
        },
        abs=0.03,
    )


def test_one_seed_repeats_the_scores():
    few = slice(0, 600)
    first, again, other = (scores(NOISY[few], FACTORS[few], seed) for seed in (1, 1, 2))
    assert first == again
    assert first["beta_vae"] != other["beta_vae"] or first["sap"] != other["sap"]


GRID = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])  # two factors a and b, every combination once
A, B = GRID.T


def test_mig_by_hand():
    # H(a) = H(b) = 1 bit. c = a AND b is 1 in a quarter: H(c) = 2 - 3/4 log2(3) = 0.8113 bits. Given a = 0 it is
    # known, given a = 1 it is 1 bit, so I(c, a) = 0.8113 - 0.5 = 0.3113 = I(c, b).
    both = A * B
    assert mig(np.stack([both, 0 * A], axis=1), GRID) == pytest.approx(1.5 - 0.75 * math.log2(3))
    # With a itself beside it: gap 1 - 0.3113 for the factor a, gap 0.3113 - 0 for b; their mean is 1/2.
    assert mig(np.stack([both, A], axis=1), GRID) == pytest.approx(0.5)
    assert mig(np.stack([both, both], axis=1), GRID) == 0.0


def test_modularity_by_hand():
    # a AND b knows a and b equally: 1 - m^2 / (m^2 (f - 1)), which is 0 of two factors and 1/2 of three.
    both = A * B
    assert modularity(np.stack([both, A], axis=1), GRID) == pytest.approx((0 + 1) / 2)
    three = np.array(list(itertools.product((0, 1), repeat=3)))
    both = three[:, 0] * three[:, 1]
    assert modularity(np.stack([both, three[:, 2], 0 * both], axis=1), three) == pytest.approx((1 / 2 + 1 + 0) / 3)


def test_irs_by_hand():
    # First dimension a + b / 2: 0, 0.5, 1, 1.5, at most 0.75 from its mean. While a is held, it stays within 0.25 of
    # its mean, while b is held within 0.5: its best is 1 - 0.25 / 0.75 = 2/3. The second, b, is at most 0.5 from its
    # mean, and 0 while b is held: 1. Weighted by 0.75 and 0.5: (0.75 * 2/3 + 0.5 * 1) / 1.25 = 0.8.
    assert irs(np.stack([A + B / 2, B], axis=1), GRID) == pytest.approx(0.8)


def test_sap_by_hand():
    # From a AND b the best guess of a is right in 3/4, from a always, so the gap is 1/4. Of b they know 3/4 and a
    # guess, 1/2: again 1/4.
    factors = np.tile(GRID, (2000, 1))
    a, b = factors.T
    assert sap(np.stack([a * b, a], axis=1), factors) == pytest.approx(1 / 4, abs=0.03)


def test_dci_by_hand():
    # Three dimensions, two factors; the second factor is spread over two of the dimensions, each of which serves it
    # alone: disentanglement 1, completeness 1 for the first factor and 1 - log 2 / log 3 for the second.
    importance = np.array([[1.0, 0.0], [0.0, 0.5], [0.0, 0.5]])
    assert concentration(importance, axis=1) == pytest.approx(1.0)
    assert concentration(importance, axis=0) == pytest.approx((1 + 1 - math.log(2) / math.log(3)) / 2)
    # One dimension serves both factors equally (0, weight 1/2); the other two one each, weight 1/4 each.
    shared = np.array([[0.5, 0.5], [0.5, 0.0], [0.0, 0.5]])
    assert concentration(shared, axis=1) == pytest.approx(1 / 2)


def mixed(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Random factors, and codes of five dimensions that mix them at random, with noise."""
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(k, size=3000) for k in (2, 4, 7)], axis=1)
    clean = factors / factors.std(axis=0) @ (rng.random((3, 5)) ** 4)
    return clean + rng.normal(scale=0.2, size=clean.shape), factors


@pytest.mark.parametrize("seed", [0, 1])
def test_a_second_implementation_agrees(seed):
    codes, factors = mixed(seed)
    assert mig(codes, factors) == pytest.approx(by_loops.mig(codes, factors), abs=2e-4)  # a code or two on an edge
    assert dci(codes, factors) == pytest.approx(by_loops.dci(codes, factors, seed), abs=0.04)  # other splits and trees
    assert sap(codes, factors) == pytest.approx(by_loops.sap(codes, factors), abs=0.04)  # another split


def test_the_figures_do_not_drift_with_the_libraries():
    """A change of scikit-learn once changed another library's MIG without a word."""
    pinned = {
        "beta_vae": 0.9648,
        "factor_vae": 0.8958,
        "mig": 0.3194612,
        "dci_disentanglement": 0.3512,
        "dci_completeness": 0.4851,
        "dci_informativeness": 0.798,
        "sap": 0.0807,
        "modularity": 0.7637645,
        "irs": 0.4609,
    }
    codes, factors = mixed(2)
    ours = scores(codes, factors)
    assert ours == pytest.approx(pinned, abs=0.01)
    for name in ("mig", "modularity"):
        assert ours[name] == pytest.approx(pinned[name], abs=1e-6), name


def test_bins_have_equal_widths_and_hold_their_lower_edge():
    column = np.array([0.0, 0.049, 0.05, 0.5, 0.949, 0.95, 1.0])
    twice = np.stack([column, 30 * column - 4], axis=1)
    np.testing.assert_array_equal(binned(twice), np.array([[0, 0, 1, 10, 18, 19, 19]] * 2).T)


def test_rows_drawn_alike_are_alike():
    factor = np.array([0, 2, 1, 2, 2, 0, 2, 2])
    rows = draw_alike(factor, 4000, 3, np.random.default_rng(0))
    values = factor[rows]
    assert (values == values[:, :1]).all()
    np.testing.assert_allclose(np.bincount(rows.ravel()) / rows.size, 1 / 8, atol=0.02)  # values by their frequency


CODE = NOISY[:12]
WRONG = {
    "codes of shape": (CODE[:, 0], FACTORS[:12]),
    "two dimensions or more": (CODE[:, :1], FACTORS[:12]),
    "finite codes. Received 12 NaN": (CODE * [1, 1, np.nan, 1], FACTORS[:12]),
    "a row for each code": (CODE, FACTORS[:11]),
    "two factors or more": (CODE, FACTORS[:12, :1]),
    "whole numbers": (CODE, FACTORS[:12] / 2),
    r"one value only in column \[0, 1\]": (CODE, FACTORS[:12]),
    "too few or too alike": (CODE[:2], 1 - np.eye(2, 4, dtype=int) + np.arange(2)[:, None] * 5),
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_pairs_are_refused_with_the_remedy(message):
    with pytest.raises(UserError, match=message):
        scores(*WRONG[message])


def test_every_score_has_its_own_function():
    assert set(disentanglement.__all__) == {
        *{name.partition("_")[0] if name.startswith("dci") else name for name in found("zero")},
        "DCI",
        "scores",
    }


def without(scores: dict[str, float], name: str) -> dict[str, float]:
    return {key: value for key, value in scores.items() if key != name}
