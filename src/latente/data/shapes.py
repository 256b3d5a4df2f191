"""Images drawn from known factors, in the manner of dSprites (Matthey et al. 2017), by index and never stored."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from latente.data.dataset import Dataset
from latente.data.sources import source
from latente.data.splitting import Pool, divide

SHAPES = ("square", "ellipse", "heart")
SCALES = np.linspace(0.5, 1.0, 6)
ORIENTATIONS = np.linspace(0.0, 2 * np.pi, 40)  # the last is the first again, as in dSprites
FACTOR_NAMES = ("shape", "scale", "orientation", "x", "y")
FACTOR_SIZES = (3, 6, 40, 32, 32)
SIDE = 64
# A sprite of 33 pixels at 32 whole-pixel positions fills the 64 pixels exactly: no shape may reach over 16.5 pixels.
SPRITE = 33


class ShapeImages:
    """The 737,280 images, (N, 64, 64, 1) uint8 of 0 and 255, drawn when they are indexed.

    Image ``i`` has the factors ``np.unravel_index(i, (3, 6, 40, 32, 32))``: shape, scale, orientation, x and y,
    y changing fastest, the order of dSprites. Larger x is further right, larger y further down.
    """

    dtype = np.dtype(np.uint8)
    shape = (int(np.prod(FACTOR_SIZES)), SIDE, SIDE, 1)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        index = np.arange(len(self))[key]
        images = np.zeros((index.size, SIDE, SIDE), np.uint8)
        kind, x, y = np.unravel_index(index.ravel(), (len(sprites()), 32, 32))
        for image, sprite, column, row in zip(images, sprites()[kind], x.tolist(), y.tolist(), strict=True):
            image[row : row + SPRITE, column : column + SPRITE] = sprite
        return images.reshape(*index.shape, SIDE, SIDE, 1)


@cache
def sprites() -> np.ndarray:
    """Every shape, scale and orientation in the middle of its own small picture, (720, 33, 33) uint8 of 0 and 255."""
    return draw(SPRITE)


def draw(side: int) -> np.ndarray:
    """Draws the 720 centred sprites into ``side`` x ``side`` pixels: a pixel is white if its centre is inside."""
    v, u = np.mgrid[:side, :side] - (side - 1) / 2.0
    angle = (ORIENTATIONS % (2 * np.pi))[:, None, None]
    scale = SCALES[:, None, None, None]
    # Coordinates in the frame of the shape, (6, 40, side, side), in pixels at scale 1.
    x = (np.cos(angle) * u + np.sin(angle) * v) / scale
    y = (np.cos(angle) * v - np.sin(angle) * u) / scale
    square = np.maximum(abs(x), abs(y)) <= 11.05
    ellipse = (x / 16.0) ** 2 + (y / 8.0) ** 2 <= 1
    hx, hy = x / 12.6, (1.5 - y) / 12.6
    heart = (hx**2 + hy**2 - 1) ** 3 <= hx**2 * hy**3
    return np.stack([square, ellipse, heart]).reshape(-1, side, side).astype(np.uint8) * np.uint8(255)


def image_identity() -> np.ndarray:
    """A number for each of the 737,280 images, (N,), equal for images with the same pixels and only for them.

    Turned shapes can coincide: orientations 0 and 39 always do, those of small squares sometimes.
    """
    _, number = np.unique(sprites().reshape(len(sprites()), -1), axis=0, return_inverse=True)
    return (number.reshape(-1, 1) * 32**2 + np.arange(32**2)).ravel()


@source("shapes", size="737,280 of 64x64x1")
def shapes(data_dir: Path, *, validation: int = 5000, test: int = 10_000) -> Dataset:
    """Drawn shapes with known factors.

    In the manner of dSprites (Matthey et al. 2017): 3 shapes in 6 scales, 40 orientations and 32 x 32 positions, as
    64x64 black-and-white images with the five factors; the label is the shape.

    Args:
        data_dir: Not used: the images are drawn.
        validation: How many images to keep for validation.
        test: How many images to keep for the test.
    """
    images = ShapeImages()
    factors = np.stack(np.unravel_index(np.arange(len(images)), FACTOR_SIZES), axis=1).astype(np.int32)
    pool = Pool(images=images, labels=factors[:, 0], factors=factors, keys=image_identity())
    dataset = divide("shapes", pool, validation=validation, test=test)
    return replace(dataset, class_names=SHAPES, factor_names=FACTOR_NAMES)
