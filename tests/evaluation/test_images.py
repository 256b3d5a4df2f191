"""Sharpness, memorization and interpolations of images whose figures are known."""

import numpy as np
import pytest

from latente.data import load
from latente.errors import UserError
from latente.evaluation.interpolations import noise_between, smoothness
from latente.evaluation.memorization import memorization
from latente.evaluation.sharpness import laplacian_variance, sharpness
from latente.pixels import cross_fade


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Train and test images."""
    dataset = load("digits")
    return np.asarray(dataset.train.images), np.asarray(dataset.test.images)


def blurred(images: np.ndarray) -> np.ndarray:
    """Each pixel the mean of itself and its four neighbours."""
    x = np.pad(images / 255.0, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return (x[:, 1:-1, 1:-1] + x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]) / 5


def test_the_laplacian_of_a_checkerboard_and_of_a_slope():
    board = np.indices((10, 10)).sum(axis=0)[None, :, :, None] % 2
    assert laplacian_variance(board.astype("float32")) == pytest.approx(16)  # +4 at zeros, -4 at ones
    assert laplacian_variance((255 * board).astype("uint8")) == pytest.approx(16)
    slope = np.linspace(0, 1, 10, dtype="float32")[None, :, None, None] * np.ones((2, 1, 7, 3), "float32")
    assert laplacian_variance(slope) == pytest.approx(0, abs=1e-10)


def test_sharpness_is_one_on_itself_and_falls_under_blur(digits):
    train, test = digits
    assert sharpness(test, test) == pytest.approx(1)
    assert sharpness(test / 255.0, test) == pytest.approx(1, abs=1e-5)
    assert sharpness(train, test) == pytest.approx(1, abs=0.05)
    once, twice = blurred(test), blurred((255 * blurred(test)).round())
    assert 1 > sharpness(once, test) > sharpness(twice, test) > 0
    assert sharpness(np.random.default_rng(0).random(test.shape), test) > 1.5
    rounded = np.nextafter(np.full(test.shape, 0.5, "float32"), (test > 100).astype("float32"))  # grey up to rounding
    for blank in (np.zeros_like(test), rounded):
        with pytest.raises(UserError, match="blank"):
            sharpness(test, blank)
    speck = np.zeros((1000, 100, 100, 1), "uint8")
    speck[0, 50, 50] = 1  # the least that can be seen, once in ten million pixels
    assert sharpness(speck, speck) == pytest.approx(1)


def test_copies_are_told_from_new_images(digits):
    train, test = (images / np.float32(255) for images in digits)
    rng = np.random.default_rng(0)
    chosen = rng.permutation(len(train))[:100]
    copies = np.clip(train[chosen] + rng.normal(scale=0.001, size=(100, *train.shape[1:])), 0, 1).astype("float32")
    found = memorization(copies, test, train)
    assert found.ratio < 0.02
    np.testing.assert_array_equal(found.index, chosen)
    np.testing.assert_allclose(found.distance, np.linalg.norm((copies - train[chosen]).reshape(100, -1), axis=1), 1e-3)
    assert memorization(test[::2], test[1::2], train).ratio == pytest.approx(1, abs=0.1)
    assert memorization(rng.random((50, *train.shape[1:])), test, train).ratio > 1.5
    with pytest.raises(UserError, match="copies"):
        memorization(test, train[:9], train)


@pytest.mark.parametrize("shape", [(64, 64, 3), (12_288,)])
@pytest.mark.parametrize("level", [0.0, 1000.0])
def test_a_copy_is_a_copy_whatever_a_matrix_product_rounds(shape: tuple[int, ...], level: float):
    """On a processor with AMX, |a|^2 - 2 a b + |b|^2 of an image and its copy came out as 1e-4."""
    rng = np.random.default_rng(0)
    train, new = level + rng.random((2, 60, *shape), "float32")
    found = memorization(train[::-1], new, train)
    np.testing.assert_array_equal(found.index, np.arange(60)[::-1])
    assert not found.distance.any()  # by the differences of the images, which are exactly zero
    with pytest.raises(UserError, match="copies"):
        memorization(new, train[:30], train)
    twins = np.nextafter(train[:30], np.float32(np.inf))  # copies but for the last digit
    with pytest.raises(UserError, match="copies"):
        memorization(new, twins, train)


def test_an_even_path_has_smoothness_one_and_a_leap_the_number_of_steps():
    even = np.linspace([0.0, 0.0], [3.0, 4.0], 11)
    leap = np.repeat([[0.0, 0.0], [3.0, 4.0]], [5, 6], axis=0)
    still = np.ones((11, 2))
    np.testing.assert_allclose(smoothness(np.stack([even, leap, still])), [1, 10, 1])
    rounded = np.nextafter(np.float32(still), np.float32(np.arange(22).reshape(11, 2) % 3))  # still but for rounding
    assert smoothness(rounded[None]) == pytest.approx(1)
    with pytest.raises(UserError, match="at least 2 frames"):
        smoothness(even[None, :1])


def test_the_controls_keep_the_ends(digits):
    _, test = (images / np.float32(255) for images in digits)
    starts, ends = test[:5], test[5:10]
    fade, noise = cross_fade(starts, ends, 5), noise_between(starts, ends, 5)
    for paths in (fade, noise):
        assert paths.shape == (5, 5, *test.shape[1:])
        np.testing.assert_array_equal(paths[:, 0], starts)
        np.testing.assert_array_equal(paths[:, -1], ends)
    np.testing.assert_allclose(fade[:, 2], (starts + ends) / 2, atol=1e-6)
    np.testing.assert_allclose(smoothness(fade.reshape(5, 5, -1)), 1, rtol=1e-5)
    assert smoothness(noise.reshape(5, 5, -1)).mean() > 1.05
