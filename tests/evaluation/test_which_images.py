"""Which images a figure reads: the split, those beyond a batch or a cap, and the label of each."""

import numpy as np
import pytest

from evaluation.lamps import CONTRAST, VARIANCE, Judge, Lamp, apart, boards, grey_of, judged
from latente.data import Split
from latente.evaluation import aggregate, classifier, disentanglement, elbo_terms, ex_post, metrics, split_measurements
from latente.evaluation.aggregate import decompose
from latente.evaluation.memorization import memorization
from latente.model.fitted_prior import FittedPrior

GREYS = {"train": (50, 10, 21), "validation": (100, 20, 22), "test": (150, 30, 23)}
"""The grey, the contrast and the number of the images of each split."""
SPLITS = {name: Split(boards(np.full(n, grey), contrast)) for name, (grey, contrast, n) in GREYS.items()}
SHOWN = 75


def values(found: metrics.Metrics) -> dict:
    return {name: one["value"] for name, one in found.items()}


def counts(found: metrics.Metrics) -> set[int]:
    return {one["n"] for one in found.values()}


@pytest.mark.parametrize("split", GREYS)
def test_bound_latents_and_reconstructions_are_those_of_the_split(split: str):
    grey, contrast, n = GREYS[split]
    measurements = judged(Lamp(), split, **SPLITS)
    kl = [0.5 * (mean**2 + VARIANCE - 1 - np.log(VARIANCE)) for mean in (grey / 100, 0)]
    bound, latents = metrics.bound(measurements), metrics.latents(measurements)
    expected = {"elbo": -grey - sum(kl), "elbo_standard_error": 0, "reconstruction": grey, "kl": sum(kl)}
    assert values(bound) == pytest.approx(expected, rel=1e-5, abs=1e-4)
    assert latents["kl_per_dimension"]["value"] == pytest.approx(kl, rel=1e-4)
    assert latents["mutual_information"]["controls"] == {"at most log n": pytest.approx(np.log(n))}
    found = metrics.reconstructions(measurements)
    expected = {
        "reconstruction_mse": ((contrast - CONTRAST) / 255) ** 2,
        "reconstruction_sharpness": (CONTRAST / contrast) ** 2,
    }
    assert values(found) == pytest.approx(expected, rel=1e-3)
    assert counts(bound | latents | found) == {n}


@pytest.mark.parametrize("split", ["validation", "test"])
def test_samples_and_paths_are_compared_with_the_split_by_its_distance_to_train(split: str):
    grey, contrast, n = GREYS[split]
    measurements = judged(Lamp(shown=(SHOWN,)), split, **SPLITS)
    to_train = apart(grey - 50, contrast - 10)
    found = metrics.samples(measurements)
    assert found["sample_sharpness"]["value"] == pytest.approx((CONTRAST / contrast) ** 2, rel=1e-3)
    distance = found["sample_distance[pixels]"]
    assert distance["value"] == pytest.approx(apart(SHOWN - 50, CONTRAST - 10) / to_train, rel=1e-4)
    assert distance["controls"]["real images"] == pytest.approx(1, rel=1e-4)
    assert (distance["samples"], distance["n"]) == (n, n)
    paths = metrics.interpolations(measurements)
    middle = paths["midpoint_distance[pixels]"]
    assert middle["value"] == pytest.approx(apart(grey - 50, CONTRAST - 10) / to_train, rel=1e-4)
    assert middle["pairs"] == 11  # of 22 images or 23


@pytest.mark.parametrize("split", GREYS)
def test_memorization_holds_samples_against_test_images_whatever_the_split(split: str):
    measurements = judged(Lamp(shown=(SHOWN,)), split, **SPLITS)
    vars(measurements)["real"] = boards(np.arange(3)) / np.float32(255)  # for the other figures of samples
    found = metrics.samples(measurements)["memorization[pixels]"]
    assert found["value"] == pytest.approx(apart(SHOWN - 50, CONTRAST - 10) / apart(150 - 50, 30 - 10), rel=1e-4)
    assert (found["samples"], found["n"], found["train_n"]) == (3, 23, 21)


def test_the_middle_of_a_path_is_half_way():
    """Between boards of 100 and 200 it is a board of 150, in pixels and decoded, and three of four parts start away."""
    measurements = judged(Lamp(), train=Split(boards([50])), test=Split(boards([100, 200])))
    found = metrics.interpolations(measurements)["midpoint_distance[pixels]"]
    assert found["value"] == pytest.approx(1, rel=1e-4)
    start = grey_of(measurements.real)[0]
    assert found["controls"]["real images"] == pytest.approx((start - 50) / (150 - 50), rel=1e-4)


class Flash(Lamp):
    """Decodes the code of the grey 200 as light, and all others as dark."""

    def decode(self, codes, labels=None):
        return super().decode(np.where(np.isclose(codes, 2), 2.0, 0.5))


def test_a_path_has_ten_steps_of_which_the_first_and_the_last_count():
    """From 100 to 200 the only step that shows is the last one, from 200 to 100 the first: ten times the mean."""
    for greys in ([100, 200], [200, 100]):
        measurements = judged(Flash(), train=Split(boards([50])), test=Split(boards(greys)))
        vars(measurements)["real"] = boards(greys) / np.float32(255)
        found = metrics.interpolations(measurements)["interpolation_smoothness[pixels]"]
        assert found["value"] == pytest.approx(10)
        assert found["controls"]["cross-fade"] == pytest.approx(1, rel=1e-4)
        assert found["frames"] == 11


def test_pairs_are_of_two_images_and_one_image_is_none():
    for n, pairs in ((2, 1), (3, 1), (4, 2), (201, 100), (202, 100)):
        found = metrics.interpolations(judged(Lamp(), "test", train=SPLITS["train"], test=Split(boards([9] * n))))
        assert {one["pairs"] for one in found.values()} == {pairs}
    assert metrics.interpolations(judged(Lamp(), "test", test=Split(boards([9])))) == {}


# Beyond a cap. The images lie in order, so that the first ones are no picture of all.


def ramp(n: int) -> Split:
    """Boards whose grey rises from 20 to 220."""
    return Split(boards(np.linspace(20, 220, n)))


def assert_spread(rows: np.ndarray, of: int) -> None:
    """Distinct, and as many of each fifth as chance gives, within six standard deviations."""
    assert len(np.unique(rows)) == len(rows)
    share = np.histogram(rows, bins=5, range=(0, of))[0] / len(rows)
    left = (1 - len(rows) / of) / (len(rows) - 1)
    assert np.abs(share - 0.2).max() <= 6 * np.sqrt(0.16 * left) + 1 / len(rows)


@pytest.mark.parametrize("n", [1999, 2000, 2001, 3000])
def test_two_thousand_real_images_are_taken_from_anywhere(n: int):
    measurements = judged(Lamp(), test=ramp(n))
    assert len(measurements.real) == len(measurements.samples) == min(n, 2000)
    assert_spread(measurements.real_rows, n)
    np.testing.assert_allclose(grey_of(measurements.real), np.trunc(np.linspace(20, 220, n))[measurements.real_rows])
    assert np.abs(np.diff(measurements.real_rows)).mean() > n / 5  # in random order: pairs of neighbours are no pairs


def test_as_many_training_images_as_memory_holds_are_taken_from_anywhere(monkeypatch):
    monkeypatch.setattr(split_measurements, "MOST_PIXELS", 16 * 300 + 15)
    found = grey_of(judged(Lamp(), train=ramp(600), test=ramp(10)).train)
    assert len(found) == 300
    assert found.mean() == pytest.approx(120, abs=6 * 200 / np.sqrt(12 * 300))
    monkeypatch.setattr(split_measurements, "MOST_PIXELS", 1)
    assert len(judged(Lamp(), test=ramp(10)).train) == 1


def test_the_five_hundred_held_out_images_are_taken_from_anywhere():
    near, far = boards([60] * 500), boards([110] * 1500)
    found = metrics.samples(
        judged(Lamp(shown=(80,)), train=Split(boards([50])), test=Split(np.concatenate([near, far])))
    )["memorization[pixels]"]
    assert found["value"] == pytest.approx((80 - 50) / (110 - 50), rel=1e-4)  # three in four are far
    assert (found["samples"], found["n"]) == (500, 500)


def test_distances_are_to_the_nearest_of_all_training_images():
    measurements = judged(Lamp(), train=Split(boards(np.arange(40, 200, 40))), test=ramp(3))
    greys = np.array([41, 82, 123, 164, 165])  # 1 to 5 levels away
    found = measurements.distance_to_train(boards(greys) / np.float32(255))
    assert found == pytest.approx(apart(3, 0), rel=1e-4)


def test_each_sample_has_its_nearest_training_image_past_a_thousand():
    train = np.arange(1_201.0)[:, None]
    samples = train[::-1] + np.linspace(0.1, 0.4, 1_201)[:, None]
    found = memorization(samples, train + 0.5, np.concatenate([train, train + 5_000]))
    np.testing.assert_array_equal(found.index, np.arange(1_201)[::-1])
    np.testing.assert_allclose(found.distance, np.linspace(0.1, 0.4, 1_201), rtol=1e-6)
    assert found.ratio == pytest.approx(0.25 / 0.5)


def entropy(share: float) -> float:
    return -share * np.log(share) - (1 - share) * np.log(1 - share)


@pytest.mark.parametrize(("n", "last", "error"), [(2_500, 500, 0.07), (10_050, 50, 0.05)])
def test_the_aggregate_is_that_of_images_from_anywhere(n: int, last: int, error: float):
    """Two clusters, far apart: a code tells which, and nothing else. The rarer one comes last."""
    mean = np.repeat([0.0, 100.0], [n - last, last])[:, None]
    found = decompose(mean, np.zeros((n, 1)))
    assert found.mutual_information == pytest.approx(entropy(last / n), abs=error)
    assert found.mutual_information > 0.3 * entropy(last / n)
    assert found.kl == pytest.approx(100**2 / 2 * last / n, rel=0.9)


def test_latents_past_ten_thousand_are_taken_from_anywhere(monkeypatch):
    seen = []
    monkeypatch.setattr(metrics, "decompose", lambda *given: seen.append(given) or decompose(*given))
    monkeypatch.setattr(aggregate, "DRAWS", 10)
    found = metrics.latents(judged(Lamp(), test=ramp(10_050), seed=8))
    ((means, log_vars, seed),) = seen
    assert found["active_units"]["n"] == 10_050
    assert found["mutual_information"]["n"] == len(means) == 10_000
    whole = np.trunc(np.linspace(20, 220, 10_050)) / 100
    assert means[:, 0].mean() == pytest.approx(whole.mean(), abs=1e-3)  # without the last 50 it is 0.005 less
    np.testing.assert_allclose(log_vars, np.log(VARIANCE))
    assert seed == 8


@pytest.mark.parametrize(("n", "scored"), [(99, 0), (100, 100), (10_000, 10_000), (10_050, 10_000)])
def test_codes_and_factors_are_scored_in_pairs_of_at_most_ten_thousand(monkeypatch, n: int, scored: int):
    seen = []
    monkeypatch.setattr(disentanglement, "scores", lambda *pairs, seed: seen.append((*pairs, seed)) or {"mig": 1})
    greys = np.linspace(20, 220, n).astype("uint8")
    known = np.stack([greys, np.full(n, 7), greys // 3], axis=1).astype("int32")
    found = metrics.factors(judged(Lamp(), test=Split(boards(greys), factors=known), seed=8))
    assert [one["n"] for one in found.values()] == ([scored] if scored else [])
    if scored:
        ((codes, factors, seed),) = seen
        assert seed == 8
        np.testing.assert_allclose(100 * codes[:, 0], factors[:, 0], atol=1e-3)
        np.testing.assert_array_equal(factors[:, 1], factors[:, 0] // 3)  # what never varies is left out
        assert found["mig"]["factors"] == ["0", "2"]
        assert (len(factors), factors[:, 0].max()) == (scored, 220)


def test_a_classifier_is_judged_by_test_images_from_anywhere():
    """It takes dark boards for class 3 and light ones for class 8, and is wrong of the last fifty."""

    greys = np.repeat([50, 150], [8_000, 2_050])
    truth = np.where(greys > 100, 8, 3)
    truth[-50:] = 3
    found = classifier._judged(Judge(), Split(boards(greys), truth), np.array([3, 8]))
    assert found["n"] == 10_000
    assert 10_000 - 50 <= 10_000 * found["accuracy"] < 10_000 - 20
    assert found["confidence"] == pytest.approx((0.9 * 8_000 + 0.7 * 2_050) / 10_050, abs=1e-3)


# Labels. A conditional lamp fails on the label of another image.

COUNT = 1_201
LABELS = np.random.default_rng(0).integers(0, 4, COUNT).astype("int32")
LABELLED = {"train": Split(boards([10])), "test": Split(boards(50 + 20 * LABELS), LABELS)}


def test_every_figure_gives_each_image_its_own_label():
    measurements = judged(Lamp(classes=4, shown=(90,)), **LABELLED)
    images = measurements.split.images
    found = elbo_terms(measurements.model, images, labels=LABELS)
    np.testing.assert_allclose(found.mean[:, 1], LABELS)
    np.testing.assert_allclose(found.reconstruction, 50 + 20 * LABELS, rtol=1e-4)
    for group in (metrics.bound, metrics.latents, metrics.reconstructions, metrics.samples, metrics.interpolations):
        assert group(measurements)
    with pytest.raises(AssertionError, match="Mismatch"):
        elbo_terms(measurements.model, images, labels=np.roll(LABELS, 1))


def test_samples_have_the_labels_of_the_real_images(monkeypatch):
    asked = []
    monkeypatch.setattr(Lamp, "decode", lambda self, codes, labels: asked.append(labels))
    measurements = judged(Lamp(classes=4), **LABELLED)
    assert measurements.samples is None
    np.testing.assert_allclose(grey_of(measurements.real), 50 + 20 * asked[0], atol=1e-3)


def test_samples_of_a_fitted_prior_have_the_labels_of_the_real_images(monkeypatch):
    asked = []
    decode = Lamp.decode
    monkeypatch.setattr(Lamp, "decode", lambda *a: asked.append(a[2]) or decode(*a))
    measurements = judged(Lamp(classes=4), classifier=Judge(), **LABELLED)
    ex_post._fidelity(measurements, FittedPrior(np.ones(1), np.zeros((1, 2)), np.eye(2)[None]))
    np.testing.assert_allclose(grey_of(measurements.real), 50 + 20 * asked[0], atol=1e-3)


def test_a_path_is_decoded_as_the_class_of_its_nearer_end(monkeypatch):
    """Codes hold the label as their second number, so that on the way it says which end is nearer."""
    asked = []
    decode = Lamp.decode
    monkeypatch.setattr(Lamp, "decode", lambda *a: asked.append(a[1:]) or decode(*a))
    metrics.interpolations(judged(Lamp(classes=4), **LABELLED))
    codes, labels = (part.reshape(100, 11, *part.shape[1:]) for part in asked[0])
    start, end = codes[:, :1, 1], codes[:, -1:, 1]
    assert (start != end).any()
    t = np.linspace(0, 1, 11)[:, None]
    np.testing.assert_allclose(codes, (1 - t) * codes[:, :1] + t * codes[:, -1:], atol=1e-6)
    np.testing.assert_allclose(labels, np.where(np.arange(11) <= 5, start, end))


def test_codes_that_a_prior_is_fitted_to_have_their_labels_and_their_own_draws(monkeypatch):
    monkeypatch.setattr(ex_post, "ENCODED_AT_ONCE", 500)
    codes = ex_post._codes(judged(Lamp(classes=4), **LABELLED))
    left = (codes - np.stack([(50 + 20 * LABELS) / 100, LABELS], axis=1)) / np.sqrt(VARIANCE)
    assert left.shape == (COUNT, 2)
    assert np.abs(left.mean(axis=0)).max() < 6 / np.sqrt(COUNT)
    assert left.std() == pytest.approx(1, abs=6 / np.sqrt(4 * COUNT))
    assert abs(np.corrcoef(left[:500, 0], left[500:1000, 0])[0, 1]) < 6 / np.sqrt(500)
