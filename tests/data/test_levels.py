"""Which pixel value is black and which white, in files and in arrays."""

import numpy as np
import pytest
from PIL import Image

from latente import data
from latente.data.levels import Levels
from latente.errors import UserError

# 12 bits: black, a quarter of the way up, white.
DEEP = np.repeat(np.array([0, 1024, 4095], np.uint16), 100).reshape(15, 20)
STRETCHED = [0, 64, 255]  # 1024 / 4095 * 255 = 63.77


def kinds(folder, arrays, ending):
    folder.mkdir()
    for i, array in enumerate(arrays):
        Image.fromarray(array).save(folder / f"{i}.{ending}")
    return f"folder:{folder}"


def values(dataset):
    return np.unique(np.concatenate([split.images[:].ravel() for split in dataset.splits.values()])).tolist()


def turned(array, n=4):
    """n different pictures with the same values."""
    return [np.roll(array, 20 * i) for i in range(n)]


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_twelve_bits_in_sixteen_are_said_and_stretched(tmp_path, caplog, ending):
    name = kinds(tmp_path / "deep", turned(DEEP), ending)
    dark = data.load(name)
    assert values(dark)[-1] == 16  # 4095 / 257 = 15.93
    assert "from 0 to 4095, a small part of 0 to 65535" in caplog.text
    assert "--data.range 0,4095" in caplog.text
    bright = data.load(name, range=(0, 4095))
    assert values(bright) == STRETCHED
    assert bright.notes == () and bright.source["range"] == (0, 4095)
    assert bright.fingerprint != dark.fingerprint


def test_dark_photos_are_said_too_and_others_are_not(tmp_path):
    dark = data.load(kinds(tmp_path / "dark", turned((DEEP // 273 * 2).astype(np.uint8)), "png"))
    assert "--data.range 0,30" in dark.notes[0]
    assert data.load(kinds(tmp_path / "plain", turned((DEEP // 20).astype(np.uint8)), "png")).notes == ()


def test_values_beyond_the_range_become_black_and_white(tmp_path):
    name = kinds(tmp_path / "plain", turned((DEEP // 20).astype(np.uint8)), "png")  # 0, 51, 204
    assert values(data.load(name, range=(51, 102))) == [0, 255]
    assert values(data.load(name, range=(20, 80))) == [0, 132, 255]  # (51 - 20) / 60 * 255 = 131.75


@pytest.mark.parametrize("dtype", [np.float32, np.int32], ids=str)
def test_numbers_without_a_scale_need_a_range(tmp_path, dtype):
    name = kinds(tmp_path / "free", turned(DEEP.astype(dtype) * 100 - 2), "tif")
    with pytest.raises(UserError, match=r"0.tif: .*scale of 8 or 16 bits.*--data.range -2,409498"):
        data.load(name)
    assert values(data.load(name, range=(-2, 409_498))) == STRETCHED


def test_32_bits_that_hold_16_have_their_scale_and_one_more_has_none(tmp_path):
    whole = np.where(DEEP == 4095, 65_535, DEEP.astype(np.int32) // 1024 * 25_700)
    assert values(data.load(kinds(tmp_path / "whole", turned(whole), "tif"))) == [0, 100, 255]
    for name, beyond in {"above": whole + (whole == 65_535), "below": whole - (whole == 0)}.items():
        with pytest.raises(UserError, match="scale of 8 or 16 bits. Received 32-bit numbers"):
            data.load(kinds(tmp_path / name, turned(beyond.astype(np.int32)), "tif"))


@pytest.mark.parametrize(
    ("range_", "told"),
    [((5,), "5"), ((9, 9), "9,9"), ((9, 1), "9,1"), ((0, float("inf")), "0,inf"), ((1, 2, 3), "1,2,3")],
)
def test_what_is_no_range_is_refused(tmp_path, range_, told):
    np.save(tmp_path / "mine.npy", np.zeros((9, 8, 8), np.uint8))
    for name in (kinds(tmp_path / "plain", turned(DEEP), "png"), f"npy:{tmp_path / 'mine.npy'}"):
        with pytest.raises(UserError, match=rf"must be two numbers LOW,HIGH.* Received {told}\."):
            data.load(name, range=range_)


def test_arrays_beyond_eight_bits_take_a_range(tmp_path, caplog):
    np.savez(tmp_path / "mine.npz", images=np.stack(turned(DEEP)))
    np.save(tmp_path / "mine.npy", np.stack(turned(DEEP)).astype(np.float64))
    for name in (f"npz:{tmp_path / 'mine.npz'}", f"npy:{tmp_path / 'mine.npy'}"):
        with pytest.raises(UserError, match=r"Received 0 to 4095. .*--data.range 0,4095"):
            data.load(name)
        assert values(data.load(name, range=(0, 4095))) == STRETCHED
    np.save(tmp_path / "dark.npy", np.stack(turned(DEEP // 256)).astype(np.uint8))
    data.load(f"npy:{tmp_path / 'dark.npy'}")
    assert "from 0 to 15, a small part of 0 to 255" in caplog.text


def test_one_picture_is_read_on_the_range_that_is_given(tmp_path):
    Image.fromarray(DEEP).save(tmp_path / "deep.png")
    dark, bright = (data.read_image(tmp_path / "deep.png", (15, 20, 1), range_) for range_ in [(), (0, 4095)])
    assert (dark.max(), bright.max()) == (16, 255)


def test_less_than_a_quarter_of_the_scale_is_little_contrast():
    assert Levels(0.0, 0.25, 1).notes(()) == ()
    assert "from 0 to 0.2499, a small part of 0 to 1:" in Levels(0.0, 0.2499, 1).notes(())[0]
    assert "from 100 to 163, a small part of 0 to 255:" in Levels(100, 163, 255).notes(())[0]
    assert Levels(100, 164, 255).notes(()) == ()
    assert Levels(7, 7, 255).notes(()) == ()  # of one value, nothing can be stretched
    assert Levels(0, 9, 255).notes((0.0, 255.0)) == ()


def test_the_levels_of_all_are_the_lowest_and_the_highest_and_on_a_scale_that_they_share():
    assert Levels.union([Levels(10, 20, 255), Levels(0, 5, 255), Levels(7, 8, 255)]) == Levels(0, 20, 255)
    assert np.isnan(Levels.union([Levels(10, 20, 255), Levels(0, 5, 65_535)]).full)
    assert Levels.union([Levels(10, 20, 255), Levels(0, 5, 65_535)]).notes(()) == ()
