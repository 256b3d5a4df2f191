"""The cache of decoded images: what tells its entries apart, and that damage is noticed."""

import os
import shutil
import zipfile
from dataclasses import fields

import numpy as np
import pytest
from PIL import Image

from latente import data
from latente.data import decoded, decoding
from latente.data.dataset import LARGE
from latente.data.decoding import Files, Wish
from latente.errors import UserError

TIMES = (1_000_000_000, 1_000_000_000)


@pytest.fixture
def album(tmp_path):
    """Writes a folder of uncompressed pictures, all with the same times; gives its name as a source."""

    def write(place, levels):
        folder = tmp_path / place
        folder.mkdir(parents=True, exist_ok=True)
        for i, level in enumerate(levels):
            Image.fromarray(np.full((12, 12), level, np.uint8)).save(folder / f"{i}.bmp")
            os.utime(folder / f"{i}.bmp", TIMES)
        return f"folder:{folder}"

    return write


def levels(dataset):
    return sorted(int(image.max()) for split in dataset.splits.values() for image in split.images[:])


LOW, HIGH = list(range(0, 120, 10)), list(range(100, 220, 10))


def test_folders_with_equal_names_sizes_and_times_are_two(album):
    first, second = data.load(album("same1/imgs", LOW)), data.load(album("same2/imgs", HIGH))
    assert (levels(first), levels(second)) == (LOW, HIGH)
    assert first.fingerprint != second.fingerprint


def test_a_folder_that_takes_the_place_of_another_is_decoded(album, tmp_path):
    data.load(album("imgs", LOW))
    shutil.rmtree(tmp_path / "imgs")
    assert levels(data.load(album("imgs", HIGH))) == HIGH


def test_a_file_edited_in_place_with_its_times_set_back_is_decoded(tmp_path):
    """Far from its ends, which alone are looked at."""
    (tmp_path / "imgs").mkdir()
    for i in range(12):
        file = tmp_path / "imgs" / f"{i}.bmp"
        Image.fromarray(np.full((120, 120), 10 * i, np.uint8)).save(file)
        os.utime(file, TIMES)
    first = data.load(f"folder:{tmp_path / 'imgs'}")
    content = bytearray(file.read_bytes())
    content[7000:8000] = bytes([200]) * 1000
    file.write_bytes(content)
    os.utime(file, TIMES)
    second = data.load(f"folder:{tmp_path / 'imgs'}")
    assert (max(levels(first)), max(levels(second))) == (110, 200)


def test_the_place_alone_tells_files_apart(album, tmp_path):
    def greys(place, those):
        album(place, those)
        names = [f"{i}.bmp" for i in range(len(those))]
        files = Files(tmp_path / place, names, lambda name: (tmp_path / place / name).open("rb"), "one stamp")
        return decoded.decode("imgs", files, Wish()).images.max((1, 2, 3)).tolist()

    assert (greys("same1", LOW), greys("same2", HIGH)) == (LOW, HIGH)


def test_the_content_counts_where_no_time_tells(album, tmp_path, monkeypatch):
    """As on file systems that keep no time of the last change, or whole seconds of it."""
    stat = os.stat

    class Frozen:
        def __init__(self, path, **options):
            self.real = stat(path, **options)

        def __getattr__(self, name):
            return 7 if name.endswith("time_ns") else getattr(self.real, name)

    monkeypatch.setattr("pathlib.Path.stat", lambda path, **options: Frozen(path, **options))
    data.load(album("imgs", LOW))
    assert levels(data.load(album("imgs", HIGH))) == HIGH


@pytest.fixture
def varied(tmp_path):
    """A picture of which every wish makes something else: grey 200 in a frame of 100; an animation; a damaged file."""
    folder = tmp_path / "varied"
    folder.mkdir()
    framed = np.full((16, 16), 100, np.uint8)
    framed[3:13, 3:13] = 200
    Image.fromarray(framed).save(folder / "a.png")
    second = [Image.fromarray(np.full((16, 16), 150, np.uint8))]
    Image.fromarray(framed).save(folder / "b.gif", save_all=True, append_images=second)
    (folder / "c.png").write_bytes(b"no picture")

    def decode(**wish):
        files = Files(folder, ["a.png", "b.gif", "c.png"], lambda name: (folder / name).open("rb"), "one stamp")
        return decoded.decode("varied", files, Wish(**{"skip_bad": True, **wish}))

    return decode


WISHES = {
    "size": (8,),
    "channels": 3,
    "crop": 0.25,
    "range": (0.0, 200.0),
    "frames": "all",
}
FOUND = {
    "": ((2, 16, 16, 1), 100, 200),
    "size": ((2, 8, 8, 1), 100, 200),
    "channels": ((2, 16, 16, 3), 100, 200),
    "crop": ((2, 16, 16, 1), 200, 200),
    "range": ((2, 16, 16, 1), 128, 255),  # 100 / 200 * 255 = 127.5
    "frames": ((3, 16, 16, 1), 100, 200),
}
"""The shape of the images, and of the first the corner and the middle."""


def about(grey):
    return pytest.approx(grey, abs=4)  # Lanczos overshoots at an edge


def test_every_wish_has_an_entry_of_its_own_in_the_cache(varied, tmp_path):
    assert {field.name for field in fields(Wish)} == {*WISHES, "skip_bad"}
    for _ in range(2):  # the second time from the cache
        for option, expected in FOUND.items():
            images = varied(**({option: WISHES[option]} if option else {})).images
            corner, middle = int(images[0, 0, 0, 0]), int(images[0, images.shape[1] // 2, images.shape[2] // 2, 0])
            assert (images.shape, corner, middle) == (expected[0], *(about(grey) for grey in expected[1:])), option
    assert len(list((tmp_path / "cache").glob("*.npy"))) == len(FOUND)


def test_what_was_left_out_once_is_an_error_where_that_is_not_asked_for(varied):
    assert len(varied(skip_bad=True).images) == 2
    with pytest.raises(UserError, match="Received c.png"):
        varied(skip_bad=False)


def test_the_name_of_a_source_begins_its_entries_and_another_version_makes_new_ones(album, tmp_path, monkeypatch):
    name = album("imgs", HIGH)
    data.load(name)
    monkeypatch.setattr(decoded, "VERSION", decoded.VERSION + 1)
    data.load(name)
    assert [file.name[:5] for file in (tmp_path / "cache").glob("*.npy")] == ["imgs-"] * 2


def test_images_decoded_ahead_stay_in_their_order():
    assert list(decoding._each("", range(200), lambda number: number**2)) == [number**2 for number in range(200)]


def cut(file):
    file.write_bytes(file.read_bytes()[:-500])


def zero_tail(file):
    content = file.read_bytes()
    file.write_bytes(content[:-200] + bytes(200))


def zero_middle(file):
    content = file.read_bytes()
    file.write_bytes(content[:500] + bytes(20) + content[520:])


def empty(file):
    file.write_bytes(b"")


def remove(file):
    file.unlink()


DAMAGES = {"cut": cut, "zeroed tail": zero_tail, "a hole": zero_middle, "empty": empty, "gone": remove}


@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_noticed_and_made_anew(album, tmp_path, caplog, damage, ending):
    name = album("imgs", HIGH)
    before = data.load(name).fingerprint
    (file,) = (tmp_path / "cache").glob(f"*.{ending}")
    DAMAGES[damage](file)
    assert data.load(name).fingerprint == before
    assert ("damaged, and are decoded anew" in caplog.text) == (damage != "gone")
    caplog.clear()
    assert levels(data.load(name)) == HIGH  # now from the cache
    assert "damaged" not in caplog.text


def test_two_processes_that_decode_at_once_leave_one_sound_entry(album, tmp_path, monkeypatch, caplog):
    """The second begins while the first is at it, and comes in between the two files of its entry."""
    name, replace, begun, met = album("imgs", HIGH), os.replace, [], []

    def slowly(source, target):
        replace(source, target)
        if not begun:
            begun.append(target)
            met.append(levels(data.load(name)))

    monkeypatch.setattr(decoded.os, "replace", slowly)
    assert levels(data.load(name)) == HIGH
    assert met == [HIGH]
    assert sorted(file.suffix for file in (tmp_path / "cache").iterdir()) == [".npy", ".npz"]
    assert "damaged" not in caplog.text


def test_of_a_large_cache_the_last_image_is_looked_at(album, tmp_path, monkeypatch, caplog):
    assert LARGE == 256 * 2**20
    monkeypatch.setattr(decoded, "LARGE", 1000)
    monkeypatch.setattr(decoded, "FINGERPRINT_SAMPLE", 2)
    name = album("imgs", HIGH)
    data.load(name)
    (file,) = (tmp_path / "cache").glob("*.npy")
    zero_tail(file)
    assert levels(data.load(name)) == HIGH
    assert "damaged" in caplog.text


def test_the_members_of_two_archives_are_told_apart(tmp_path):
    for place, grey in {"a": 50, "b": 90}.items():
        folder = tmp_path / place / "celeba"
        folder.mkdir(parents=True)
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
            for i in range(12):
                with archive.open(zipfile.ZipInfo(f"{i}.png"), "w") as member:
                    Image.fromarray(np.full((218, 178, 3), grey + i, np.uint8)).save(member, "PNG")
        os.utime(folder / "img_align_celeba.zip", TIMES)
    low, high = (levels(data.load("celeba", data_dir=str(tmp_path / place), size=8)) for place in "ab")
    assert (low, high) == (list(range(50, 62)), list(range(90, 102)))
