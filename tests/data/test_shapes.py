import time

import numpy as np

from latente import data
from latente.data import shapes as drawn
from latente.data.shapes import FACTOR_SIZES, ShapeImages


def at(*factors):
    return ShapeImages()[np.ravel_multi_index(np.array(factors).T, FACTOR_SIZES)][..., 0]


def test_images_are_addressed_as_in_dsprites():
    images = ShapeImages()
    assert images.shape == (737_280, 64, 64, 1) and len(images) == 737_280
    first = images[np.array([0, 1, 32])]
    np.testing.assert_array_equal(np.roll(first[0], 1, axis=0), first[1])  # y changes fastest, and goes down
    np.testing.assert_array_equal(np.roll(first[0], 1, axis=1), first[2])
    np.testing.assert_array_equal(images[5], images[4:7][1])
    assert set(np.unique(images[::5001])) == {0, 255}


def test_every_shape_is_whole_at_every_position():
    area = drawn.sprites().reshape(720, -1).sum(1, dtype=np.int64)
    np.testing.assert_array_equal(area, drawn.draw(65).reshape(720, -1).sum(1, dtype=np.int64))
    corners = np.array([[kind, x, y] for kind in range(720) for x in (0, 31) for y in (0, 31)])
    index = np.ravel_multi_index(corners.T, (720, 32, 32))
    np.testing.assert_array_equal(
        ShapeImages()[index].reshape(720, 4, -1).sum(2, dtype=np.int64), np.repeat(area, 4).reshape(720, 4)
    )


def test_scale_grows_and_a_full_turn_comes_back():
    areas = at(*[(shape, scale, 7, 16, 16) for shape in range(3) for scale in range(6)]).reshape(3, 6, -1).sum(-1)
    assert (np.diff(areas.astype(int)) > 0).all()
    np.testing.assert_array_equal(at((2, 3, 0, 4, 9)), at((2, 3, 39, 4, 9)))
    assert (at((2, 3, 0, 4, 9)) != at((2, 3, 20, 4, 9))).any()


def test_identity_is_that_of_the_pixels():
    # All images of small squares at neighbouring places: the likeliest to coincide.
    factors = np.stack(np.meshgrid(0, [0, 1], range(40), range(3), range(3), indexing="ij"), -1).reshape(-1, 5)
    index = np.ravel_multi_index(factors.T, FACTOR_SIZES)
    _, by_identity = np.unique(drawn.image_identity()[index], return_inverse=True)
    _, by_pixels = np.unique(ShapeImages()[index].reshape(len(index), -1), axis=0, return_inverse=True)
    pairs = set(zip(by_identity.tolist(), by_pixels.ravel().tolist(), strict=True))
    assert len(pairs) == len(set(by_identity)) == len(set(by_pixels.ravel())) < len(index)


def test_no_sprite_is_another_one_moved():
    def trimmed(sprite):
        rows, columns = np.flatnonzero(sprite.any(1)), np.flatnonzero(sprite.any(0))
        box = sprite[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        return box.shape, box.tobytes()

    sprites = drawn.sprites()
    assert len({trimmed(sprite) for sprite in sprites}) == len(np.unique(sprites.reshape(720, -1), axis=0)) > 650


def test_splits_share_no_image_and_keep_their_factors():
    whole = data.load("shapes", validation=300, test=700)
    assert [len(split) for split in whole.splits.values()] == [737_280 - 1000, 300, 700]
    identity = [drawn.image_identity()[split.images.index] for split in whole.splits.values()]
    assert not np.isin(identity[1], identity[0]).any()
    assert not np.isin(identity[2], np.concatenate(identity[:2])).any()
    assert [set(split.labels) for split in whole.splits.values()] == [{0, 1, 2}] * 3
    some = whole.test.factors[:50]
    np.testing.assert_array_equal(whole.test.images[:50][..., 0], at(*some))
    np.testing.assert_array_equal(whole.test.labels, whole.test.factors[:, 0])
    assert (whole.factor_names, whole.class_names) == (drawn.FACTOR_NAMES, drawn.SHAPES)


def test_a_batch_of_128_is_drawn_in_less_than_10_ms():
    images = data.load("shapes", subset=1000).train.images
    assert images.shape == (1000, 64, 64, 1)
    order = np.random.default_rng(0).permutation(len(images))[:128]
    times = []
    for _ in range(20):
        start = time.perf_counter()
        images[order]
        times.append(time.perf_counter() - start)
    assert min(times) < 0.010
