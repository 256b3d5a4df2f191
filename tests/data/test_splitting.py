import numpy as np
import pytest

from latente.data import splitting
from latente.data.dataset import Rows
from latente.data.splitting import TEST, TRAIN, VALIDATION, Pool, divide, image_keys, thin
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


def test_a_cut_of_images_that_are_all_there_twice_has_its_size_too():
    data = divide("pool", pool_of([*range(20), *range(20)]), validation=6, test=4)
    assert [len(split) for split in data.splits.values()] == [30, 6, 4]


def given(shared):
    contents = [*range(1000), *range(1000 - shared, 1100 - shared)]
    return pool_of(contents, parts=np.array([TRAIN] * 1000 + [TEST] * 100, np.int8))


def test_a_few_images_in_both_given_splits_are_counted():
    data = divide("given", given(5), validation=100)
    assert len(data.test) == 100
    assert 1 <= data.duplicates["test"] <= 5  # some of the five may have gone to validation
    assert data.duplicates["validation"] == 0


@pytest.mark.parametrize(("part", "shared"), [("validation", (50, 0)), ("test", (0, 50))])
def test_a_twentieth_may_be_in_train_too_and_not_one_image_more(part, shared):
    def divided(validation, test):
        contents = [*range(1000), *range(validation), *range(2000, 3000 - validation), *range(900, 900 + test)]
        contents += [*range(3000, 4000 - test)]
        parts = np.repeat(np.array([TRAIN, VALIDATION, TEST], np.int8), [1000, 1000, 1000])
        return divide("given", pool_of(contents, parts=parts), validation=0.1, test=0.1)

    assert divided(*shared).duplicates == dict(zip(("validation", "test"), shared, strict=True))
    with pytest.raises(UserError, match=f"{part} split of 1,000 images of which 51 also occur"):
        divided(*(count + (count > 0) for count in shared))


def test_a_cut_may_leave_one_image_to_train_on_and_not_none():
    for cut, test in ((35, 4), (0.875, 0.1)):
        data = divide("pool", pool_of(range(40)), validation=cut, test=test)
        assert [len(split) for split in data.splits.values()] == [1, 35, 4]
    for cut in (36, 0.9):
        with pytest.raises(UserError, match=f"Received {cut}, with 36 images to take from"):
            divide("pool", pool_of(range(40)), validation=cut, test=4)
    for cut, test in ((1, 1), (0.01, 0.01)):  # a share is at least one image
        assert [
            len(split) for split in divide("pool", pool_of(range(3)), validation=cut, test=test).splits.values()
        ] == [
            1,
            1,
            1,
        ]
    assert [len(split) for split in divide("pool", pool_of(range(1)), validation=0, test=0).splits.values()] == [
        1,
        0,
        0,
    ]


def test_a_cut_is_spread_over_all_images():
    """Of 4,000 numbers the mean of 500 random ones is 2,000 +- 50, whatever order their keys have."""
    data = divide("pool", pool_of(range(4000), keys=np.arange(4000)), validation=500, test=500)
    for split in (data.validation, data.test, thin(data, 500).train):
        assert split.labels.mean() == pytest.approx(2000, abs=250)
        assert split.labels.std() == pytest.approx(4000 / np.sqrt(12), abs=200)


def test_a_small_pool_is_copied_and_a_large_one_read_on_demand(monkeypatch):
    """Twenty images of 16 bytes."""
    for large, kind in ((320, np.ndarray), (319, Rows)):
        monkeypatch.setattr(splitting, "LARGE", large)
        data = divide("pool", pool_of(range(20)), validation=3, test=2)
        for split in data.splits.values():
            assert type(split.images) is kind
            assert split.images[:][:, 0, 0, 0].tolist() == split.labels.tolist()


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
    assert thin(data, 400).train.labels.tolist() == data.train.labels.tolist()
    with pytest.raises(UserError, match="subset of 'pool' must be 0 .* up to 400. Received 401"):
        thin(data, 401)
