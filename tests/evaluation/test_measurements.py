"""What the diagnosis measures, on three images of four pixels whose every figure was worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from latente.evaluation.diagnosis import verdict as verdicts
from latente.evaluation.diagnosis.effective_beta import effective_beta
from latente.evaluation.diagnosis.history import History
from latente.evaluation.diagnosis.linear import linear_vae
from latente.evaluation.diagnosis.measurements import Measurements, thinned, total_variance
from latente.evaluation.diagnosis.verdict import verdict
from latente.evaluation.fidelity import Neighbourhoods
from latente.evaluation.foreign import ForeignModel

Array = np.ndarray
CERTAIN = -60.0
"""A log-variance of next to no noise."""


def images(*rows: tuple[float, ...]) -> Array:
    return np.array(rows, "float32").reshape(-1, 2, 2, 1)


HELD_OUT = images((0, 0.25, 0.5, 0.5), (0.5, 0.25, 0.7, 0.5), (1, 0.75, 0.9, 0.5))
TRAIN = images((0.25, 0, 0.5, 0.5), (0.75, 0.5, 0.6, 0.5))


def encode(x: Array, log_var: float = CERTAIN) -> tuple[Array, Array]:
    """Four times the first pixel, and twice the second."""
    return x.reshape(-1, 4)[:, :2] * [4, 2], np.full((len(x), 2), log_var)


def decode(z: Array, moves: float = 1.0) -> Array:
    """The way back; the others are grey. It may move the pixels a part of the way only."""
    two = 0.5 + moves * (z / [4, 2] - 0.5)
    return np.concatenate([two, np.full((len(z), 2), 0.5)], axis=1).reshape(-1, 2, 2, 1)


def nats(x: Array, means: Array) -> Array:
    """Ten for each grey level between black and white."""
    return 10 * np.abs(x - means).sum(axis=(1, 2, 3))


def measured(
    x: Array = HELD_OUT,
    encode: Callable[..., Any] = encode,
    decode: Callable[..., Any] = decode,
    likelihood: Any = nats,
    **given: Any,
) -> Measurements:
    return Measurements(ForeignModel(encode, decode, x.shape[1:], likelihood), x, **given)


BY_HAND = {
    "latent_dim": 2,
    "pixels": 4,
    "mean": [[0, 0.5], [2, 0.5], [4, 1.5]],
    "mean_variance": [8 / 3, 2 / 9],
    # (m^2 + e^-60 - 1 + 60) / 2 of means whose squares are 20/3 and 11/12 on average
    "kl_per_dimension": [(20 / 3 + 59) / 2, (11 / 12 + 59) / 2],
    "kl": (20 / 3 + 11 / 12 + 118) / 2,
    "active": 2,
    "reconstruction_nats": [0, 2, 4],
    "reconstruction": 2,
    "elbos": [-(0.25 + 118) / 2, -2 - (4.25 + 118) / 2, -4 - (18.25 + 118) / 2],
    "elbo": -2 - (20 / 3 + 11 / 12 + 118) / 2,
    "train_elbos": [-(1 + 118) / 2, -1 - (10 + 118) / 2],
    # Each image by the code of the one before, the first by the last one's: 15, 7 and 14 nats.
    "told": 12 - 2,
    "spread": 1 / 6 + 1 / 18 + 0.08 / 3,
    "unexplained": (0.2 / 3) / (1 / 6 + 1 / 18 + 0.08 / 3),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_measurement_is_what_a_hand_works_out(name: str) -> None:
    assert getattr(measured(train_images=TRAIN), name) == pytest.approx(np.array(BY_HAND[name]), rel=1e-5, abs=1e-5)


def test_pictures_are_decoded_from_what_their_names_say() -> None:
    found = measured(encode=partial(encode, log_var=0.0), seed=3)
    np.testing.assert_allclose(found.reconstructions, decode(np.array(BY_HAND["mean"])), atol=1e-6)
    np.testing.assert_allclose(found.posterior_images, decode(found.codes), atol=1e-6)
    assert np.abs(found.codes - found.mean).max() > 0.1  # of standard deviation 1
    assert np.abs(found.prior_images - found.posterior_images).max() > 0.1
    assert found.unexplained_by(found.images) == 0
    assert found.unexplained_by(np.broadcast_to(found.images.mean(axis=0), found.images.shape)) == pytest.approx(1)


def test_draws_have_the_moments_that_are_asked_for() -> None:
    """Of 2,000 draws in two latents: means within 0.1, standard deviations within a tenth, four standard errors."""
    x = np.repeat(HELD_OUT[2:], 2000, axis=0)
    found = measured(x, encode=partial(encode, log_var=np.log(4.0)))
    assert found.codes.mean(axis=0) == pytest.approx([4, 1.5], abs=0.2)
    assert found.codes.std(axis=0) == pytest.approx([2, 2], rel=0.1)
    prior = found.prior_images.reshape(-1, 4)[:, :2] * [4, 2]  # decode, undone
    assert prior.mean(axis=0) == pytest.approx([0, 0], abs=0.1)
    assert prior.std(axis=0) == pytest.approx([1, 1], rel=0.1)


def test_a_seed_repeats_its_draws_and_another_has_others() -> None:
    def draws(seed: int) -> tuple[Array, ...]:
        found = measured(encode=partial(encode, log_var=0.0), train_images=TRAIN, seed=seed)
        assert found.train_elbos is not None
        return found.codes, found.prior_images, found.train_elbos

    for first, again, other in zip(draws(1), draws(1), draws(2), strict=True):
        np.testing.assert_array_equal(first, again)
        assert np.abs(first - other).max() > 0.01


@pytest.mark.parametrize(("given", "kept"), [(61.0, 60.0), (59.0, 59.0), (-61.0, -60.0), (-59.0, -59.0)])
def test_log_variances_are_clipped_at_60(given: float, kept: float) -> None:
    found = measured(encode=partial(encode, log_var=given), train_images=TRAIN)
    assert found.log_var == pytest.approx(np.full((3, 2), kept))
    assert (found.posterior[1] == given).all()
    assert found.kl_per_dimension[1] == pytest.approx(0.5 * (11 / 12 + np.exp(kept) - 1 - kept))
    assert found.train_elbos is not None
    assert np.isfinite(found.train_elbos).all()


@pytest.mark.parametrize(
    ("scale", "log_var", "dead"),
    [
        # Means of the variance scale^2 8/3, whose KL is half of that where sigma is 1.
        (0.06, 0.0, True),  # 0.0096 and 0.0048
        (0.0625, 0.0, False),  # 0.0104 and 0.0052
        (0.06, 0.145, False),  # sigma has a KL of 0.0055 of its own: 0.0096 and 0.0103
        (0.06, 0.135, True),  # 0.0048 of its own: 0.0096 and 0.0096
    ],
)
def test_a_latent_is_dead_by_its_kl_and_its_variance(scale: float, log_var: float, dead: bool) -> None:
    """Either alone keeps it alive."""

    def shrunk(x: Array) -> tuple[Array, Array]:
        mean, _ = encode(x)
        return (mean - 2) * [scale, 0], np.broadcast_to([log_var, 0.0], mean.shape)

    found = measured(encode=shrunk)
    assert found.collapsed.tolist() == [dead, True]
    assert found.active == (0 if dead else 1)


# The two pixels that move have 1/6 + 1/18 of the variance of 0.2489.
@pytest.mark.parametrize(("share", "unusable"), [(0.0099, True), (0.0101, False)])
def test_codes_that_hardly_move_the_pixels_are_unusable(share: float, unusable: bool) -> None:
    moves = np.sqrt(share * BY_HAND["spread"] / (1 / 6 + 1 / 18))
    assert measured(decode=partial(decode, moves=moves)).unusable is unusable


def test_a_model_without_active_latents_is_unusable() -> None:
    assert measured(encode=lambda x: (np.zeros((len(x), 2)), np.zeros((len(x), 2)))).unusable


def numbered(n: int) -> Array:
    """Images that tell which they are."""
    return np.arange(n, dtype="float32").reshape(-1, 1, 1, 1) / n * np.ones((1, 2, 2, 1), "float32")


def test_at_most_2000_images_are_looked_at_and_they_are_spread_evenly() -> None:
    n = 2 * 1999 + 1
    x = numbered(n)
    found = Measurements(None, x, train_images=x, samples=x, labels=(np.arange(n), np.arange(n)))
    for each in (found.images, found.train_images, found.samples):
        assert (each[:, 0, 0, 0] * n).round().astype(int).tolist() == list(range(0, n, 2))
    for each in (found.labels, found.train_labels):
        assert each.tolist() == list(range(0, n, 2))
    assert len(thinned(numbered(2000))) == 2000
    assert thinned(None) is None


def logged(*dead: bool) -> History:
    return History([{"val_kl_per_dimension": [0.009, 0.009] if each else [0.009, 0.011]} for each in dead])


@pytest.mark.parametrize(
    ("history", "epoch"),
    [
        (logged(False, True, True), 2),
        (logged(True, False), None),
        (logged(True, False, True), 3),
        (logged(True, True), 1),
        (History(), None),
        (History([*logged(True, True).log, {}]), None),
    ],
)
def test_a_collapse_begins_where_the_last_living_epoch_ends(history: History, epoch: int | None) -> None:
    assert measured(history=history).collapse_epoch == epoch


def test_few_steps_are_fewer_than_200() -> None:
    assert [History(steps=steps).few_steps for steps in (199, 200, None)] == [True, False, False]


def test_distances_are_to_the_nearest_reconstruction_of_any_image_given() -> None:
    asked = images((0, 0.25, 0.5, 0.8), (0.75, 0.5, 0.5, 0.9))
    # The first is 0.3 from the first held-out image's, the second 0.4 from the last training image's and
    # (0.25^2 + 0.25^2 + 0.4^2)^0.5 from the last held-out one's.
    assert measured(train_images=TRAIN).distance_to_encodings(asked) == pytest.approx([0.3, 0.4])
    assert measured().distance_to_encodings(asked) == pytest.approx([0.3, np.sqrt(0.285)])


def test_samples_are_matched_where_there_are_some() -> None:
    assert measured().sample_match is not None
    alone, given = measured(), measured(samples=HELD_OUT + np.float32(9))
    assert alone.sample_match is alone.prior_match
    assert given.sample_match.precision == 0  # nine times the range away
    assert given.prior_match.precision == alone.prior_match.precision


def test_sharpness_is_relative_to_the_real_images() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((20, 5, 5, 1)).astype("float32")
    found = Measurements(None, x)
    assert found.relative_sharpness(x) == pytest.approx(1)
    assert found.relative_sharpness(0.5 + (x - 0.5) / 2) == pytest.approx(0.25)  # a variance
    assert Measurements(None, np.full_like(x, 0.5)).relative_sharpness(x) == 1
    assert Measurements(None, x[:, :2]).relative_sharpness(x[:, :2] / 2) == 1
    assert Measurements(None, x[:, :, :2]).relative_sharpness(x[:, :, :2] / 2) == 1
    assert Measurements(None, x[:, :3, :3]).relative_sharpness(x[:, :3, :3] / 2) == pytest.approx(0.25)


def test_the_variance_of_many_pixels_is_their_sum() -> None:
    assert total_variance(images((0, 0, 0, 0), (1, 0.5, 0, 0))) == pytest.approx(0.25 + 0.0625)


# Four images that are the corners of a square in the plane of two patterns, of variances 0.09, 0.04 and 0.0004.
UP, SIDE, THIRD = (np.array(signs) / 2 for signs in ((1, 1, -1, -1), (1, -1, 1, -1), (1, -1, -1, 1)))
CORNERS = np.array([(i, j, k) for i in (1, -1) for j in (1, -1) for k in (1, -1)])
SQUARE = (0.5 + CORNERS * [0.3, 0.2, 0.02] @ np.array([UP, SIDE, THIRD])).reshape(-1, 2, 2, 1)
SQUARES = np.tile(SQUARE, (50, 1, 1, 1))
"""400 images: variances are taken over 399."""


@pytest.mark.parametrize(
    ("latents", "noise", "kept"),
    [
        # Of a variance v in units of the noise, 1 - 1/v is kept, if that is above 0.
        (3, 0.01, (1 - 0.01 / 0.09 * 399 / 400, 1 - 0.01 / 0.04 * 399 / 400, 0)),
        (1, 0.01, (1 - 0.01 / 0.09 * 399 / 400, 0, 0)),
        (3, 0.08, (1 - 0.08 / 0.09 * 399 / 400, 0, 0)),
        (3, 0.0, (1 - 1e-4 / 0.09 * 399 / 400, 1 - 1e-4 / 0.04 * 399 / 400, 1 - 1e-4 / 0.0004 * 399 / 400)),
    ],
)
def test_the_linear_vae_keeps_what_the_noise_leaves(latents: int, noise: float, kept: tuple[float, ...]) -> None:
    x = np.array([[0.1, -0.2, 0.3]])
    asked, expected = (
        (0.5 + each @ np.array([UP, SIDE, THIRD])).reshape(1, 2, 2, 1).astype("float32") for each in (x, x * kept)
    )
    found = linear_vae(SQUARES, asked, latents, lambda means: noise)
    assert found.active == np.count_nonzero(kept)
    assert found.reconstructions == pytest.approx(expected, abs=1e-5)


def test_a_linear_vae_of_few_images_has_few_latents_and_gives_pixels() -> None:
    two = linear_vae(SQUARE[:2], SQUARE, 4, lambda means: 1e-4)
    assert two.active == 1
    bright = linear_vae(SQUARES, SQUARE + 2, 3, lambda means: 1e-4).reconstructions
    far = linear_vae(SQUARES, 0.5 + 10 * (SQUARE - 0.5), 3, lambda means: 1e-4).reconstructions
    assert (far.min(), far.max()) == (0, 1)
    assert bright == pytest.approx(SQUARE, abs=0.1)  # the brightness of all is none of its axes


def test_the_linear_vae_learns_from_training_images_where_there_are_some() -> None:
    by_train, by_held_out = measured(train_images=SQUARES[:, ::-1]), measured()
    assert by_train.linear.active == 2
    assert by_train.unexplained_by_linear > by_held_out.unexplained_by_linear


@pytest.mark.parametrize(
    ("likelihood", "variance"),
    [("Gaussian", 1.0), ("Bernoulli", 0.75 * 0.25), (nats, 0.2 / 3 / 4)],  # else the mean squared error of a pixel
)
def test_the_noise_of_a_pixel_is_that_of_the_likelihood(likelihood: Any, variance: float) -> None:
    found = measured(likelihood=likelihood)._pixel_variance(np.full((1, 2, 2, 1), 0.75))
    assert np.mean(found) == pytest.approx(variance)


# Half of (1 - variance), of both latents: 0.049 and 0.051 nats.
@pytest.mark.parametrize(("variance", "readable"), [(0.951, False), (0.949, True)])
def test_beta_is_not_read_off_posteriors_as_wide_as_the_prior(variance: float, readable: bool) -> None:
    mean, log_var = encode(HELD_OUT, np.log(variance))
    model = ForeignModel(encode, decode, (2, 2, 1), nats)
    assert (effective_beta(model, HELD_OUT, mean, log_var) is not None) is readable


def test_beta_and_its_error_are_those_of_a_quadratic_loss() -> None:
    """A loss of c z^2 / 2 loses c sigma^2 / 2 by the log-variance, and the KL (1 - sigma^2) / 2.

    Of c = 3 and sigma^2 = 0.2 or 0.5 these are 0.3 or 0.75, and 0.4 or 0.25: beta is 0.525 / 0.325 in the mean. Four
    draws of an image have a relative variance of 2 / 4, those of 0.3 and 0.75 one of 0.1631 in the mean; what beta
    leaves of 0.3 and 0.75 is -0.3462 and 0.3462.
    """
    n = 20_000
    log_var = np.log(np.tile([0.2, 0.5], n // 2))[:, None]

    class Quadratic(ForeignModel):
        def reconstruction(self, images: Array, codes: Array, labels: Any = None) -> Array:
            return 1.5 * np.square(codes[:, 0])

    model = Quadratic(encode, decode, (2, 2, 1), nats)
    found = effective_beta(model, np.zeros((n, 2, 2, 1), "float32"), np.zeros((n, 1)), log_var)
    assert found is not None
    assert found.standard_error == pytest.approx(np.sqrt((0.1631 + 0.3462**2) / n) / 0.325, rel=0.04)
    assert found.value == pytest.approx(0.525 / 0.325, abs=4 * found.standard_error + 0.01)


def test_a_diagnosis_gives_each_figure_by_its_name_with_the_strongest_latent_first() -> None:
    """Here the second latent is the stronger one, and a third is dead."""

    def exchanged(x: Array) -> tuple[Array, Array]:
        (weak, strong), (zero,) = encode(x)[0].T[::-1], np.zeros((1, len(x)))
        return np.stack([weak, strong, zero], axis=1), np.tile([CERTAIN, CERTAIN, 0], (len(x), 1))

    figures = verdict(measured(encode=exchanged, decode=lambda z: decode(z[:, 1::-1]), train_images=TRAIN)).figures
    expected = {name: BY_HAND[name] for name in ("elbo", "reconstruction", "kl", "unexplained")}
    expected |= {"train_elbo": np.mean(BY_HAND["train_elbos"]), "active_units": 2, "latent_dim": 3, "sharpness": 1}
    expected |= {"kl_per_dimension": [*BY_HAND["kl_per_dimension"], 0], "z_mean_std": np.sqrt([8 / 3, 2 / 9, 0])}
    for name, value in expected.items():
        assert figures[name] == pytest.approx(np.array(value), rel=1e-5), name
    assert figures["silent_decoder_units"] is None


def test_a_figure_stands_under_its_own_name() -> None:
    """Those that no hand works out: each is what ``Measurements`` gives by that name."""
    found = measured(encode=partial(encode, log_var=-2.0), samples=HELD_OUT + np.float32(9))
    vars(found)["prior_match"] = Neighbourhoods(0.25, 0.5, 0.75, 1.0)
    figures = verdicts._figures(found)
    assert found.effective_beta is not None
    assert len(set(vars(found.prior_match).values())) == 4  # an exchange would show
    assert figures["effective_beta"] == found.effective_beta.value
    assert figures["effective_beta_standard_error"] == found.effective_beta.standard_error
    assert figures["unexplained_by_linear_vae"] == found.unexplained_by_linear
    assert figures["prior_precision"] == found.prior_match.precision > 0
    assert figures["prior_coverage"] == found.prior_match.coverage > 0
    dead = verdicts._figures(measured(encode=lambda x: (np.zeros((len(x), 2)), np.zeros((len(x), 2)))))
    assert [dead[name] for name in ("effective_beta", "prior_precision", "prior_coverage", "train_elbo")] == [None] * 4


def test_the_sick_findings_come_first() -> None:
    """A latent to spare, and another check behind it that finds a sickness."""
    spare = [(0, 0), (0, 1)]
    found = verdict(
        measured(
            encode=lambda x: (np.pad(encode(x)[0], spare), np.pad(encode(x)[1], spare)),
            decode=lambda z: decode(z[:, :2]),
        )
    )
    severities = [finding.severity for finding in found.findings]
    assert severities == sorted(severities, key=["sick", "remark"].index)
    assert {"sick", "remark"} == set(severities)


def test_the_picture_shows_each_thing_under_its_name() -> None:
    log = [
        {"loss": 9.0, "elbo": -1.0, "val_elbo": -2.0, "kl": 3.0, "val_kl": 4.0},
        {"loss": 8.0, "elbo": -0.1, "val_elbo": -0.2, "kl": 0.3, "val_kl": 0.4},
    ]
    samples = images((0.1, 0.2, 0.3, 0.4), (0.4, 0.3, 0.2, 0.1))
    found = measured(samples=samples, history=History(log))
    plots = verdicts._plots(found)
    rows = plots["images"]
    assert list(rows) == ["held-out images", "their reconstructions", "decoded from N(0, I)", "the samples given"]
    assert rows["held-out images"] == pytest.approx(HELD_OUT)
    assert rows["their reconstructions"] == pytest.approx(decode(np.array(BY_HAND["mean"])))
    assert rows["decoded from N(0, I)"] == pytest.approx(np.clip(found.prior_images, 0, 1))
    assert rows["the samples given"] == pytest.approx(samples)
    assert plots["curves"] == {"elbo": [-1, -0.1], "val_elbo": [-2, -0.2], "kl": [3, 0.3], "val_kl": [4, 0.4]}
    kl, std = plots["latents"].items()
    assert kl[0] == "KL of each latent (nats)"
    assert kl[1][0] == pytest.approx(BY_HAND["kl_per_dimension"])
    assert std[0] == "std of its posterior mean"
    assert std[1][0] == pytest.approx(np.sqrt([8 / 3, 2 / 9]))
    assert (kl[1][1], std[1][1]) == pytest.approx((0.01, 0.1))
    gaps = History([{"loss": 9.0, "kl": 1.0}, {"loss": 8.0, "kl": 2.0, "elbo": -1.0}])
    assert verdicts._plots(measured(history=gaps))["curves"] == {"kl": [1, 2]}
    assert verdicts._plots(measured(history=History([{"loss": 9.0}, {}])))["curves"] == {}
    assert [len(each) for each in verdicts._plots(measured(np.tile(HELD_OUT, (5, 1, 1, 1))))["images"].values()] == [
        12
    ] * 3
    only_losses = verdicts._plots(measured(history=History([{"loss": 9.0}, {"loss": 8.0}])))
    assert only_losses["curves"] == {"loss": [9, 8]}
    assert verdicts._plots(measured())["curves"] == {}
