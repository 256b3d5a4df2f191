"""The two scales of pixels."""

import io

import numpy as np
from PIL import Image

from latente.pixels import byte_scale, cross_fade, png, unit_scale

LEVELS = np.array([0, 51, 255], np.uint8)


def test_each_scale_leads_to_the_other_and_keeps_what_is_on_it() -> None:
    np.testing.assert_array_equal(unit_scale(LEVELS), np.array([0, 0.2, 1], "float32"))
    assert unit_scale(LEVELS).dtype == np.float32
    every = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(byte_scale(unit_scale(every)), every)
    np.testing.assert_array_equal(unit_scale(np.array([-0.5, 1.5])), np.array([-0.5, 1.5], "float32"))
    np.testing.assert_array_equal(byte_scale(LEVELS), LEVELS)


def test_levels_are_rounded_and_clipped() -> None:
    found = byte_scale(np.array([-0.1, 0.2 + 0.4 / 255, 0.2 + 0.6 / 255, 1.1]))
    assert found.dtype == np.uint8
    assert found.tolist() == [0, 51, 52, 255]


def test_a_cross_fade_goes_from_one_image_to_the_other() -> None:
    white, black = np.full((1, 1, 1, 1), 255, np.uint8), np.zeros((1, 1, 1, 1), np.uint8)
    found = cross_fade(white, black, 5)
    assert found.shape == (1, 5, 1, 1, 1)
    assert found.ravel().tolist() == [1, 0.75, 0.5, 0.25, 0]


def test_a_file_holds_the_levels_of_grey_and_of_colour() -> None:
    grey = LEVELS.reshape(1, 3, 1)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(unit_scale(grey))))), LEVELS.reshape(1, 3))
    colour = LEVELS.reshape(1, 1, 3)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png(colour)))), colour)
