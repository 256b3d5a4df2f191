"""Test images in the latent space, by hand: which are taken, their plane, their neighbours, and what is usual."""

from typing import Any

import numpy as np
import pytest

from latente.data import Split
from latente.serving.encoded_images import EncodedImages
from latente.serving.refusals import Refused

GREY = np.array([0, 51, 102, 153, 204, 255], "uint8")


class Terms:
    """What stands for the parts of an ELBO: the grey of an image, below 0, and the call that asked for it."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int, Any]] = []

    def __call__(self, images: np.ndarray, seed: int, labels: Any) -> Any:
        self.calls.append((len(images), seed, None if labels is None else labels.tolist()))
        return type("Elbo", (), {"elbo": -images[:, 0, 0, 0]})


def encoded(codes: np.ndarray, elbo: Any = None) -> EncodedImages:
    """A split of so many images, whose codes are these: each image holds its own number."""
    numbers = np.arange(len(codes))
    images = np.stack([numbers // 256, numbers % 256], axis=-1).astype("uint8").reshape(-1, 1, 1, 2)

    def encode(batch: np.ndarray, labels: Any) -> dict[str, np.ndarray]:
        high, low = np.rint(255 * batch[:, 0, 0]).astype(int).T
        return {"mean": codes[256 * high + low], "z_log_var": np.full(len(batch), np.nan)}

    return EncodedImages(Split(images), encode, elbo, None)


def test_all_of_10000_images_are_encoded_and_of_more_as_many_spread_evenly() -> None:
    codes = np.random.default_rng(0).normal(size=(19_999, 2))
    few = encoded(codes[:10_000])
    np.testing.assert_array_equal(few.indices, np.arange(10_000))
    np.testing.assert_array_equal(few.codes, codes[:10_000])
    many = encoded(codes)
    np.testing.assert_array_equal(many.indices, np.arange(0, 19_999, 2))
    np.testing.assert_array_equal(many.codes, codes[::2])
    np.testing.assert_array_equal(many.some(3334), np.arange(0, 10_000, 3))
    distances, found = many.neighbours(codes[[4, 19_998]] + 1e-9, 1)
    assert found.tolist() == [[4], [19_998]]  # numbers in the split, not among those that were taken
    assert distances.max() < 1e-6


def test_labels_stay_with_their_images_in_every_batch() -> None:
    n = 1203
    labels = np.random.default_rng(0).integers(0, 9, n)
    seen: list[tuple[int, int]] = []

    def encode(images: np.ndarray, given: np.ndarray) -> dict[str, np.ndarray]:
        seen.append((len(images), len(given)))
        return {"mean": np.stack([255 * images[:, 0, 0, 0], given], axis=1)}

    images = labels.astype("uint8").reshape(-1, 1, 1, 1)
    found = EncodedImages(Split(images), encode, None, labels)
    assert seen == [(500, 500), (500, 500), (203, 203)]
    np.testing.assert_allclose(found.codes[:, 0], labels, atol=1e-4)
    np.testing.assert_array_equal(found.codes[:, 1], labels)


def test_a_percentile_is_the_share_of_test_images_below() -> None:
    terms = Terms()
    labels = np.array([3, 1, 4, 1, 5, 9])
    images = GREY[[2, 0, 5, 1, 4, 3]].reshape(-1, 1, 1, 1)  # bounds of -0.4, 0, -1, -0.2, -0.8, -0.6
    found = EncodedImages(Split(images), lambda batch, labels: {"mean": np.zeros((len(batch), 2))}, terms, labels)
    given = np.array([-7, -0.9, -0.5, -0.1, 0.1])
    np.testing.assert_allclose(found.percentiles(given), [0, 100 / 6, 50, 500 / 6, 100])
    np.testing.assert_allclose(found.percentiles(np.array([0.0, -1.0])), [500 / 6, 0])  # equal is not below
    assert terms.calls == [(6, 0, [3, 1, 4, 1, 5, 9])]  # once


def test_percentiles_are_among_2000_images_spread_evenly() -> None:
    terms = Terms()
    ramp = np.linspace(0, 255, 3999).astype("uint8").reshape(-1, 1, 1, 1)
    found = EncodedImages(Split(ramp), lambda batch, labels: {"mean": np.zeros((len(batch), 2))}, terms, None)
    (below,) = found.percentiles(np.array([-0.25]))
    assert below == pytest.approx(75, abs=0.5)
    assert terms.calls == [(500, 0, None)] * 4


def test_neighbours_are_those_of_all_distances() -> None:
    rng = np.random.default_rng(1)
    codes, asked = rng.normal(size=(40, 3)), rng.normal(size=(5, 3))
    distances, found = encoded(codes).neighbours(asked, 4)
    each = np.sqrt(((asked[:, None] - codes[None]) ** 2).sum(axis=-1))
    np.testing.assert_array_equal(found, each.argsort(axis=1)[:, :4])
    np.testing.assert_allclose(distances, np.sort(each, axis=1)[:, :4])
    assert encoded(codes[:6]).neighbours(asked, 7)[1].shape == (5, 6)


def test_the_plane_of_two_latents_goes_through_the_mean_of_the_others() -> None:
    codes = np.array([[1, 2, 3, 0], [3, 6, 3, 8], [5, 4, 9, 4]], "float64")
    plane = encoded(codes).plane((3, 1))
    np.testing.assert_allclose(plane.origin, [3, 0, 5, 0])
    np.testing.assert_array_equal(plane.basis, [[0, 0, 0, 1], [0, 1, 0, 0]])
    assert plane.latents == (3, 1)
    # Variances 8/3, 8/3, 8 and 32/3: a share of 32/72 along latent 3, and of 8/72 along latent 1.
    assert plane.shares == pytest.approx((32 / 72, 8 / 72))
    np.testing.assert_allclose(plane.project(codes), [[0, 2], [8, 6], [4, 4]])


def test_the_plane_of_many_latents_is_that_of_most_variance() -> None:
    rng = np.random.default_rng(2)
    codes = rng.normal(size=(200, 3)) * [1, 5, 3] + [10, 20, 30]
    plane = encoded(codes).plane(None)
    values, vectors = np.linalg.eigh(np.cov(codes.T))
    assert plane.latents is None and plane.shares == pytest.approx((values[2] / values.sum(), values[1] / values.sum()))
    np.testing.assert_allclose(np.abs(plane.basis @ vectors[:, [2, 1]]), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(plane.origin, codes.mean(axis=0))


def test_two_latents_are_their_own_plane_and_one_has_none() -> None:
    codes = np.array([[1, 2], [3, 5]], "float64")
    plane = encoded(codes).plane(None)
    assert plane.latents == (0, 1)
    np.testing.assert_array_equal(plane.origin, [0, 0])
    np.testing.assert_allclose(plane.project(codes), codes)
    with pytest.raises(Refused, match="A map needs two latents. This model has one: move its slider instead."):
        encoded(codes[:, :1]).plane(None)


@pytest.mark.parametrize("dimensions", [(1, 1), (-1, 0), (0, -1), (0, 2), (2, 0)])
def test_no_other_plane(dimensions: tuple[int, int]) -> None:
    x, y = dimensions
    told = f"x and y must be two of the latents 0 to 1. Received {x} and {y}."
    with pytest.raises(Refused, match=told):
        encoded(np.array([[1, 2], [3, 5]], "float64")).plane(dimensions)
    assert encoded(np.array([[1, 2], [3, 5]], "float64")).plane((1, 0)).latents == (1, 0)
