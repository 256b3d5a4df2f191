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


def test_the_shapes_have_their_areas_at_every_scale():
    """In pixels at full scale, over a whole turn: the heart is (x^2 + y^2 - 1)^3 = x^2 y^3 in units of 12.6 pixels."""
    area = (drawn.sprites() > 0).reshape(3, 6, 40, -1).sum(-1)[:, :, :39].mean(-1)
    full = np.array([22.1**2, np.pi * 16 * 8, 3.6616 * 12.6**2])
    for i, scale in enumerate([0.5, 0.6, 0.7, 0.8, 0.9, 1.0]):
        np.testing.assert_allclose(area[:, i], full * scale**2, rtol=0.01)


def test_unturned_shapes_at_full_scale_stand_in_the_middle_and_the_heart_on_its_point():
    """In the middle, pixel 32: the square has 11 pixels on each side, the ellipse 16 and 8, the heart 14."""
    for shape, high, wide in ((0, 11, 11), (1, 8, 16), (2, 14, 14)):
        image = at((shape, 5, 0, 16, 16)).squeeze(0) > 0
        rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
        assert (rows[0], rows[-1], columns[0], columns[-1]) == (32 - high, 32 + high, 32 - wide, 32 + wide)
    assert np.flatnonzero(image[46]).tolist() == [32]
    assert np.flatnonzero(image[:, 32]).tolist() == list(range(21, 47))  # from the notch between the lobes down


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
