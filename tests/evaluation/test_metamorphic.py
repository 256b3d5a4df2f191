"""What must stay and what must change when images are reordered, added, doubled, exchanged, scaled or relabelled."""

from dataclasses import astuple

import numpy as np
import pytest

from evaluation.lamps import Lamp, boards, judged
from latente.data import Split
from latente.evaluation import metrics
from latente.evaluation.aggregate import Aggregate, decompose
from latente.evaluation.anomaly import SCORES, Ordinary
from latente.evaluation.bounds import ElboTerms
from latente.evaluation.disentanglement import dci, irs, mig, modularity, sap
from latente.evaluation.disentanglement.prediction import concentration
from latente.evaluation.fidelity import frechet, neighbourhoods
from latente.evaluation.interpolations import smoothness
from latente.evaluation.memorization import memorization
from latente.evaluation.recognizability import recognizability
from latente.evaluation.sharpness import laplacian_variance, sharpness

RNG = np.random.default_rng(0)
REAL, GENERATED = RNG.normal(size=(60, 3)), RNG.normal([1.0, 0, 0], [0.4, 0.8, 0.6], size=(45, 3))
"""Features of two sets that overlap in part, of unequal number and spread."""
TURN = np.linalg.qr(RNG.normal(size=(3, 3)))[0]


def fidelity(real: np.ndarray, generated: np.ndarray, k: int = 3) -> dict[str, float]:
    return {"frechet": frechet(real, generated), **vars(neighbourhoods(real, generated, k))}


PLAIN = fidelity(REAL, GENERATED)


# Fidelity


def test_fidelity_knows_no_order_no_place_and_no_direction():
    shuffled = fidelity(RNG.permutation(REAL), RNG.permutation(GENERATED))
    moved = fidelity(REAL @ TURN + 7, GENERATED @ TURN + 7)
    assert shuffled == pytest.approx(PLAIN, rel=1e-6)
    assert moved == pytest.approx(PLAIN, rel=1e-6)


def test_only_the_frechet_distance_has_a_unit_which_is_squared():
    found = fidelity(3 * REAL, 3 * GENERATED)
    assert found == pytest.approx(PLAIN | {"frechet": 9 * PLAIN["frechet"]}, rel=1e-6)


def test_real_and_generated_exchange_precision_and_recall():
    found = fidelity(GENERATED, REAL)
    assert found["frechet"] == pytest.approx(PLAIN["frechet"])
    assert (found["precision"], found["recall"]) == (PLAIN["recall"], PLAIN["precision"])
    for name in ("density", "coverage"):  # which look at the balls of real images alone
        assert abs(found[name] - PLAIN[name]) > 0.03, name
    assert PLAIN["precision"] > PLAIN["recall"] + 0.1


def test_a_generated_image_far_from_all_costs_its_share():
    found, n = fidelity(REAL, np.concatenate([GENERATED, np.full((1, 3), 1e3)])), len(GENERATED)
    for name in ("precision", "density"):
        assert found[name] == pytest.approx(PLAIN[name] * n / (n + 1)), name
    assert found["coverage"] == PLAIN["coverage"]
    assert found["recall"] > PLAIN["recall"]  # its ball is wide: one outlier feigns diversity
    assert found["frechet"] > 10 * PLAIN["frechet"]


def test_a_real_image_far_from_all_costs_diversity_its_share():
    """Its ball, wide as it is, holds none of these samples."""
    found, n = fidelity(np.concatenate([REAL, np.full((1, 3), 1e3)]), GENERATED), len(REAL)
    for name in ("precision", "density"):
        assert found[name] == pytest.approx(PLAIN[name]), name
    for name in ("recall", "coverage"):
        assert found[name] == pytest.approx(PLAIN[name] * n / (n + 1)), name


def test_samples_drawn_twice_are_no_more_precise_and_no_more_diverse():
    found = fidelity(REAL, np.repeat(GENERATED, 2, axis=0))
    for name in ("precision", "density", "coverage"):
        assert found[name] == pytest.approx(PLAIN[name]), name
    assert found["recall"] < PLAIN["recall"]  # with a copy as a neighbour a ball is smaller
    assert found["frechet"] == pytest.approx(PLAIN["frechet"], rel=0.05)


# Memorization

SAMPLES, HELD_OUT, TRAIN = RNG.random((3, 30, 4, 4, 1))[:, : 30 - 1]


def test_memorization_follows_the_order_of_the_images():
    plain, order = memorization(SAMPLES, HELD_OUT, TRAIN), RNG.permutation(len(TRAIN))
    found = memorization(SAMPLES[::-1], HELD_OUT[::-1], TRAIN[order])
    np.testing.assert_array_equal(order[found.index], plain.index[::-1])
    np.testing.assert_allclose(found.distance, plain.distance[::-1])
    assert found.ratio == pytest.approx(plain.ratio)


def test_memorization_has_no_unit_and_no_weight_of_numbers():
    plain = memorization(SAMPLES, HELD_OUT, TRAIN)
    assert memorization(3 * SAMPLES, 3 * HELD_OUT, 3 * TRAIN).ratio == pytest.approx(plain.ratio)
    np.testing.assert_allclose(memorization(3 * SAMPLES, HELD_OUT, 3 * TRAIN).distance, 3 * plain.distance)
    doubled = memorization(np.repeat(SAMPLES, 2, axis=0), np.repeat(HELD_OUT, 3, axis=0), np.repeat(TRAIN, 2, axis=0))
    assert doubled.ratio == pytest.approx(plain.ratio)
    np.testing.assert_array_equal(doubled.index // 2, np.repeat(plain.index, 2))


def test_samples_and_held_out_images_exchange_to_the_reciprocal():
    near = 0.9 * TRAIN + 0.1 * SAMPLES  # nearer to training images than held-out ones are
    ratio = memorization(near, HELD_OUT, TRAIN).ratio
    assert ratio < 0.5
    assert memorization(HELD_OUT, near, TRAIN).ratio == pytest.approx(1 / ratio)
    assert memorization(TRAIN, HELD_OUT, TRAIN).ratio == 0
    assert memorization(SAMPLES, HELD_OUT, np.concatenate([TRAIN, SAMPLES])).ratio == 0


# Latents

MEANS = RNG.normal(scale=[1.0, 0.5, 0.09, 0.0], size=(400, 4))


def active(means: np.ndarray) -> list[bool]:
    return ElboTerms(np.zeros(len(means)), np.zeros_like(means), means).active.tolist()


def test_active_units_know_no_order_no_place_and_no_number_but_a_scale():
    assert active(MEANS) == [True, True, False, False]
    for same in (RNG.permutation(MEANS), MEANS + [0, -5, 100, 3], np.tile(MEANS, (2, 1)), -MEANS):
        assert active(same) == [True, True, False, False]
    assert active(MEANS[:, ::-1]) == [False, False, True, True]
    assert active(2 * MEANS) == [True, True, True, False]
    assert active(MEANS / 20) == [False] * 4


def test_the_images_of_a_split_have_no_order_and_a_blank_one_counts_once():
    greys = np.array([30, 60, 60, 200])

    def found(greys: np.ndarray) -> dict[str, float]:
        measurements = judged(Lamp(), test=Split(boards(greys)))
        return {name: one["value"] for name, one in metrics.bound(measurements).items()}

    plain, one, more = found(greys), found(np.array([0 + 5])), found(np.append(greys, 5))
    assert found(greys[[2, 0, 3, 1]]) == pytest.approx(plain, rel=1e-5)
    for name in ("elbo", "reconstruction", "kl"):
        assert more[name] == pytest.approx((4 * plain[name] + one[name]) / 5, rel=1e-5), name
    doubled = found(np.tile(greys, 2))
    assert doubled["elbo"] == pytest.approx(plain["elbo"], rel=1e-5)
    assert doubled["elbo_standard_error"] == pytest.approx(plain["elbo_standard_error"] / np.sqrt(2), rel=1e-5)


LOG_VARS = np.log(RNG.uniform(0.1, 0.6, size=(400, 4)))


def parts(found: Aggregate) -> list[float]:
    return [found.mutual_information, found.total_correlation, found.dimension_wise_kl]


def test_what_codes_tell_has_no_unit_but_its_distance_from_the_prior_has():
    """A dimension stretched, turned over or moved tells as much, and is elsewhere."""
    plain = decompose(MEANS, LOG_VARS)
    stretch = np.array([2.0, 1.0, 0.25, 3.0])
    found = decompose(MEANS * stretch, LOG_VARS + 2 * np.log(stretch))
    assert parts(found)[:2] == pytest.approx(parts(plain)[:2], abs=1e-6)
    changed = np.abs(found.marginal_kl_per_dimension - plain.marginal_kl_per_dimension) > 0.05
    assert changed.tolist() == [True, False, True, True]
    moved = decompose(MEANS + [0, 0, 0, 2.0], LOG_VARS)
    assert parts(moved)[:2] == pytest.approx(parts(plain)[:2], abs=1e-6)
    per_dimension = moved.marginal_kl_per_dimension - plain.marginal_kl_per_dimension
    assert per_dimension[:3] == pytest.approx([0, 0, 0], abs=1e-6)
    assert per_dimension[3] == pytest.approx(2.0**2 / 2, abs=2 * 6 * np.sqrt(0.35 / 400))  # + 2 E[z], of the draws


def test_the_aggregate_knows_no_order_but_which_dimension_is_which():
    """Within the noise of other draws."""
    means, order = MEANS + [1, 0, 0, 0.5], RNG.permutation(400)
    plain = decompose(means, LOG_VARS)
    shuffled = decompose(means[order], LOG_VARS[order])
    assert parts(shuffled) == pytest.approx(parts(plain), abs=0.3)
    turned = decompose(means[:, ::-1], LOG_VARS[:, ::-1])
    assert parts(turned) == pytest.approx(parts(plain), abs=0.3)
    np.testing.assert_allclose(turned.marginal_kl_per_dimension, plain.marginal_kl_per_dimension[::-1], atol=0.3)
    assert np.ptp(plain.marginal_kl_per_dimension) > 0.2


def test_images_doubled_are_the_same_mixture_and_a_dimension_of_the_prior_adds_nothing():
    plain, doubled = decompose(MEANS, LOG_VARS), decompose(np.tile(MEANS, (2, 1)), np.tile(LOG_VARS, (2, 1)))
    assert parts(doubled) == pytest.approx(parts(plain), abs=0.15)
    apart = np.arange(50.0)[:, None] * 1e3
    for images in (apart, np.tile(apart, (2, 1))):
        assert decompose(images, 0 * images).mutual_information == pytest.approx(np.log(50))
    padded = decompose(np.hstack([MEANS, np.zeros((400, 1))]), np.hstack([LOG_VARS, np.zeros((400, 1))]))
    assert padded.marginal_kl_per_dimension[-1] == pytest.approx(0, abs=1e-9)
    assert parts(padded) == pytest.approx(parts(plain), abs=0.15)


# Disentanglement

FACTORS = np.stack([RNG.integers(k, size=1500) for k in (2, 3, 5)], axis=1)
CODES = FACTORS @ np.array([[2.0, 0.3, 0], [0, 1.0, 0.2], [0.1, 0, 0.7]]) + RNG.normal(scale=0.15, size=(1500, 3))
EXACT = {"mig": mig, "modularity": modularity, "irs": irs}
NEAR = {"dci": lambda codes, factors: dci(codes, factors)[0], "sap": sap}
"""They draw which pairs they train on, so that their laws hold within the noise of that."""
RENAMED = np.stack([1 - FACTORS[:, 0], np.array([7, 0, 3])[FACTORS[:, 1]], (2 * FACTORS[:, 2] + 1) % 5], axis=1)


@pytest.mark.parametrize("name", [*EXACT, *NEAR])
def test_a_score_knows_pairs_and_values_but_neither_order_nor_names(name: str):
    score, error = (EXACT | NEAR)[name], 1e-6 if name in EXACT else 0.05
    plain, order = score(CODES, FACTORS), RNG.permutation(1500)
    assert score(CODES[order], FACTORS[order]) == pytest.approx(plain, abs=error)
    assert score(CODES, RENAMED) == pytest.approx(plain, abs=error)
    assert score(CODES[:, [2, 0, 1]], FACTORS[:, [1, 2, 0]]) == pytest.approx(plain, abs=error)
    assert score(np.tile(CODES, (2, 1)), np.tile(FACTORS, (2, 1))) == pytest.approx(plain, abs=max(error, 0.02))
    assert score(CODES[order], FACTORS) < plain - 0.1  # other pairs


def test_disentanglement_and_completeness_are_one_another_of_the_table_turned():
    table = np.array([[0.5, 0.5, 0], [0, 0, 1.0], [0, 0, 0.7], [0, 0.1, 0]])
    assert concentration(table, axis=1) == pytest.approx(concentration(table.T, axis=0))
    assert abs(concentration(table, axis=1) - concentration(table, axis=0)) > 0.01
    assert concentration(5 * table, axis=1) == pytest.approx(concentration(table, axis=1))


# What a classifier sees

SEEN = RNG.dirichlet([0.3, 0.6, 0.9, 0.2], size=50)


def test_recognizability_knows_neither_the_names_of_classes_nor_the_order_of_images():
    plain = astuple(recognizability(SEEN))
    for same in (SEEN[:, [2, 0, 3, 1]], RNG.permutation(SEEN), np.tile(SEEN, (2, 1))):
        assert astuple(recognizability(same)) == pytest.approx(plain)
    commonest = np.eye(4)[np.bincount(SEEN.argmax(axis=1)).argmax()]
    more = recognizability(np.concatenate([SEEN, np.tile(commonest, (50, 1))]))
    assert more.confidence == pytest.approx((plain[0] + 1) / 2)
    assert more.coverage < plain[1]
    spare = recognizability(np.hstack([SEEN, np.zeros((50, 4))]))  # four classes that are never seen
    assert spare.coverage == pytest.approx(plain[1] * np.log(4) / np.log(8))


# Pixels

PICTURES, OTHERS = RNG.random((2, 8, 7, 5, 2)) * [[[[[1.0]]]], [[[[0.5]]]]]


def test_sharpness_knows_no_order_no_side_and_no_negative_but_contrast():
    plain = laplacian_variance(PICTURES)
    for same in (
        PICTURES[::-1],
        PICTURES[:, ::-1],
        PICTURES.swapaxes(1, 2),
        1 - PICTURES,
        np.tile(PICTURES, (2, 1, 1, 1)),
    ):
        assert laplacian_variance(same) == pytest.approx(plain, rel=1e-5)
    assert laplacian_variance(PICTURES / 2) == pytest.approx(plain / 4, rel=1e-5)
    assert sharpness(OTHERS, PICTURES) == pytest.approx(1 / sharpness(PICTURES, OTHERS), rel=1e-5)
    assert sharpness(OTHERS, PICTURES) == pytest.approx(1 / 4, rel=0.3)
    blank = laplacian_variance(np.concatenate([PICTURES, np.zeros_like(PICTURES)]))
    assert blank == pytest.approx(plain / 2, rel=0.01)  # half of the pixels, but for the square of the mean


def test_a_path_is_as_even_backwards_in_any_unit_and_less_so_with_a_rest():
    paths = RNG.normal(size=(6, 5, 4)).cumsum(axis=1)
    plain = smoothness(paths)
    for same in (paths[:, ::-1], 3 * paths, paths + 9, -paths[..., ::-1]):
        np.testing.assert_allclose(smoothness(same), plain)
    rested = np.concatenate([paths, paths[:, -1:]], axis=1)  # a step of nothing: the mean step is 4/5 of what it was
    np.testing.assert_allclose(smoothness(rested), plain * 5 / 4)
    np.testing.assert_allclose(smoothness(paths[::-1]), plain[::-1])


# Anomalies

COLUMNS = {name: RNG.normal(100, 10, 200) for name in ("reconstruction", "kl", "png")}
COLUMNS["elbo"] = -COLUMNS["reconstruction"] - COLUMNS["kl"]


def test_typicality_has_no_unit_and_percentiles_no_scale():
    plain = Ordinary(COLUMNS)(COLUMNS)
    bytes_for_nats = COLUMNS | {"png": COLUMNS["png"] / (8 * np.log(2)) + 40}
    found = Ordinary(bytes_for_nats)(bytes_for_nats)
    np.testing.assert_allclose(found["typicality"], plain["typicality"])
    order = RNG.permutation(200)
    shuffled = Ordinary({name: values[order] for name, values in COLUMNS.items()})(COLUMNS)
    for name in SCORES:
        np.testing.assert_allclose(shuffled[f"{name}_percentile"], plain[f"{name}_percentile"], atol=0.5 + 1e-9)


def test_percentiles_by_hand():
    """Of 200 ordinary images, how many cost less, in percent; an equal one is not less."""
    ordinary, sorted_costs = Ordinary(COLUMNS), np.sort(COLUMNS["reconstruction"])
    asked = np.array([sorted_costs[0] - 1, sorted_costs[0], sorted_costs[50], sorted_costs[-1], sorted_costs[-1] + 1])
    found = ordinary({name: asked if name == "reconstruction" else np.full(5, 100.0) for name in COLUMNS})
    np.testing.assert_allclose(found["reconstruction_percentile"], [0, 0, 25, 99.5, 100])
