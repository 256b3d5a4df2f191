import numpy as np
import pytest

from latente.data.splitting import TEST, TRAIN, Pool, divide, image_keys, thin
from latente.errors import UserError


def pool_of(contents, **known):
    """One 4x4 image per number, its number in the pixels and in the label."""
    contents = np.asarray(contents)
    images = np.zeros((len(contents), 4, 4, 1), np.uint8)
    images[:, 0, 0, 0], images[:, 0, 1, 0] = contents % 256, contents // 256
    return Pool(images, labels=contents.astype(np.int32), **known)


def test_copies_of_an_image_always_land_in_the_same_split():
    contents = np.random.default_rng(1).integers(0, 300, 2000)
    data = divide("pool", pool_of(contents), validation=0.2, test=300)
    held = [set(split.labels.tolist()) for split in data.splits.values()]
    assert not held[0] & held[1] and not held[0] & held[2] and not held[1] & held[2]
    assert sum(len(split) for split in data.splits.values()) == 2000
    assert data.duplicates == {"validation": 0, "test": 0}
    for split in data.splits.values():
        pixels = split.images[:, 0, 0, 0] + 256 * split.images[:, 0, 1, 0].astype(int)
        np.testing.assert_array_equal(pixels, split.labels)


def test_a_cut_has_the_size_asked_for_and_does_not_change():
    contents = [*range(400), *range(100)]
    first, again = (divide("pool", pool_of(contents), validation=50, test=77) for _ in range(2))
    assert [len(split) for split in first.splits.values()] == [373, 50, 77]
    assert first.fingerprint == again.fingerprint
    more = divide("pool", pool_of(contents), validation=20, test=77)
    assert more.test.fingerprint == first.test.fingerprint


def given(shared):
    contents = [*range(1000), *range(1000 - shared, 1100 - shared)]
    return pool_of(contents, parts=np.array([TRAIN] * 1000 + [TEST] * 100, np.int8))


def test_a_few_images_in_both_given_splits_are_counted():
    data = divide("given", given(5), validation=100)
    assert len(data.test) == 100
    assert 1 <= data.duplicates["test"] <= 5  # some of the five may have gone to validation
    assert data.duplicates["validation"] == 0


def test_train_and_test_in_one_is_refused():
    with pytest.raises(UserError, match=r"must be disjoint.*test split of 100 images of which \d+ also occur in train"):
        divide("given", given(60), validation=100)


@pytest.mark.parametrize("amount", [-3, 500, 1.0, float("nan")])
def test_a_cut_must_leave_both_sides_something(amount):
    with pytest.raises(UserError, match="option validation of 'pool' must be .* Received"):
        divide("pool", pool_of(range(500)), validation=amount, test=10)


def test_images_that_are_all_the_same_cannot_be_split():
    with pytest.raises(UserError, match="Received 50 images, 1 of them different"):
        divide("pool", pool_of([7] * 50), validation=0.1, test=0.1)


def test_keys_tell_images_apart():
    images = np.random.default_rng(0).integers(0, 2, (3000, 3, 3, 1), np.uint8)
    same_key = image_keys(images)[:, None] == image_keys(images)
    same_image = (images.reshape(3000, 1, 9)[:300] == images.reshape(1, 3000, 9)).all(-1)
    np.testing.assert_array_equal(same_key[:300], same_image)


def test_thinning_takes_from_the_train_split_only():
    data = divide("pool", pool_of(range(500)), validation=50, test=50)
    assert [len(split) for split in thin(data, 30).splits.values()] == [30, 50, 50]
    assert set(thin(data, 30).train.labels) <= set(data.train.labels)
    assert thin(data, 0) is data
    with pytest.raises(UserError, match="subset of 'pool' must be 0 .* up to 400. Received 401"):
        thin(data, 401)
