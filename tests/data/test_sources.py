import subprocess
import sys

import numpy as np
import pytest

from latente import data
from latente.errors import UserError


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("fashion-mnits", "Did you mean 'fashion-mnist'"),
        ("Digits", "Did you mean 'digits'"),
        ("folder", "needs a path: write folder:PATH"),
        ("npz:", "needs a path: write npz:PATH"),
        ("nonsense", "must be one of celeba"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(name, match):
    with pytest.raises(UserError, match=match):
        data.load(name)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"vaildation": 0.1}, "Received 'vaildation'. Did you mean 'validation'"),
        ({"validation": "much"}, "option validation of 'digits' must be a number. Received 'much'"),
        ({"binarize": "soft"}, "must be one of none, static, dynamic. Received 'soft'"),
    ],
)
def test_a_wrong_option_is_refused(options, match):
    with pytest.raises(UserError, match=match):
        data.load("digits", **options)


@pytest.mark.parametrize("source", data.sources(), ids=lambda source: source.name)
def test_every_source_says_what_it_is_and_what_it_takes(source):
    assert 5 < len(source.summary) < 38
    for option in data.options(source.name.replace("PATH", "x")).values():
        assert option.help, option.name
        assert option.parse(option.default, option.name) == option.default


def test_digits_are_the_demo_data():
    digits = data.load("digits")
    assert digits.image_shape == (12, 12, 1)
    assert sum(map(len, digits.splits.values())) == 1797
    assert digits.train.images.dtype == np.uint8
    assert digits.train.images.max() == 255
    assert not digits.train.images[:, :2].any() and not digits.train.images[:, :, -2:].any()
    assert set(digits.test.labels) == set(range(10))
    assert digits.class_names[digits.test.labels[0]] == str(digits.test.labels[0])


def test_source_loads_the_same_data_again():
    digits = data.load("digits", validation=0.3, binarize="static")
    assert data.load(**digits.source).fingerprint == digits.fingerprint
    assert digits.source["validation"] == 0.3


def test_binarize_is_an_option_of_every_source():
    grey, static, dynamic = (data.load("digits", binarize=mode) for mode in ("none", "static", "dynamic"))
    assert set(np.unique(static.train.images)) == {0, 255}
    assert set(np.unique(static.test.images)) == {0, 255}
    assert (static.binarize, dynamic.binarize) == ("static", "dynamic")
    np.testing.assert_array_equal(dynamic.train.images, grey.train.images)
    assert len({grey.fingerprint, static.fingerprint, dynamic.fingerprint}) == 3


def test_listing_imports_nothing_heavy():
    program = (
        "import sys, latente.data as data; data.sources(); "
        "print(*{'keras', 'tensorflow', 'PIL', 'sklearn', 'scipy'} & {name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
