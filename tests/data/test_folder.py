import numpy as np
import pytest
from PIL import Image

from latente import data
from latente.data import decoded
from latente.errors import UserError


@pytest.fixture
def album(tmp_path):
    """Saves arrays or pictures below a folder; gives the folder."""

    class Album:
        folder = tmp_path / "album"
        name = f"folder:{tmp_path / 'album'}"

        def add(self, path, picture, **options):
            target = self.folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
            picture.save(target, **options)
            return target

        def only(self, **options):
            """The last picture as Latente sees it, beside nine others that make a data set of it."""
            for i in range(9):
                self.add(f"other{i}.png", np.full((8, 8, 3), (i, 0, 0), np.uint8))
            loaded = data.load(self.name, **{"size": 16, **options})
            pictures = np.concatenate([split.images[:] for split in loaded.splits.values()])
            (last,) = (each for each in pictures if each.max() > 40)
            return last

    return Album()


HALVES = np.zeros((40, 80, 3), np.uint8)
HALVES[:, :40] = (255, 0, 0)
HALVES[:, 40:] = (0, 0, 255)


def test_pictures_are_cropped_to_the_middle_square_and_resized(album):
    album.add("wide.png", HALVES)
    image = album.only()
    assert image.shape == (16, 16, 3)
    np.testing.assert_array_equal(image[:, :5], np.broadcast_to([255, 0, 0], (16, 5, 3)))
    np.testing.assert_array_equal(image[:, 11:], np.broadcast_to([0, 0, 255], (16, 5, 3)))


def test_pictures_are_turned_upright(album):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by a quarter clockwise to see it upright
    album.add("turned.jpg", HALVES, quality=95, exif=exif)
    image = album.only().astype(int)
    assert (image[:6, :, 0] > image[:6, :, 2] + 150).all()
    assert (image[10:, :, 2] > image[10:, :, 0] + 150).all()


def test_transparency_becomes_white(album):
    pixels = np.zeros((20, 20, 4), np.uint8)
    pixels[:, 10:] = (0, 0, 200, 255)
    album.add("clear.png", pixels)
    image = album.only()
    assert (image[:, :5] == 255).all()
    np.testing.assert_array_equal(image[:, 11:], np.broadcast_to([0, 0, 200], (16, 5, 3)))


def test_sixteen_bits_are_scaled_not_clipped(album):
    album.add("deep.png", np.full((20, 20), 100 * 257, np.uint16))
    np.testing.assert_array_equal(album.only(), np.full((16, 16, 3), 100))


@pytest.mark.parametrize(("channels", "expected"), [(0, 1), (1, 1), (3, 3)])
def test_grey_pictures_give_one_channel_unless_asked(album, pictures, channels, expected):
    for i, picture in enumerate(pictures):
        album.add(f"{i}.png", np.repeat(picture[..., None], 3, -1) if i % 2 else picture)
    loaded = data.load(album.name, channels=channels, size=20)
    assert loaded.image_shape == (20, 20, expected)
    found = {image[..., 0].tobytes() for split in loaded.splits.values() for image in split.images[:]}
    assert found == {picture.tobytes() for picture in pictures}


def test_classes_come_from_the_sub_folders(album, pictures):
    for i, picture in enumerate(pictures):
        album.add(f"{'cats' if i < 15 else 'dogs'}/deep/er/{i}.png", picture)
    album.add(".hidden/1.png", pictures[0])
    loaded = data.load(album.name, size=20)
    assert loaded.class_names == ("cats", "dogs")
    cats = {picture.tobytes() for picture in pictures[:15]}
    for split in loaded.splits.values():
        assert [image.tobytes() in cats for image in split.images[:]] == (split.labels == 0).tolist()
    album.add("stray.png", pictures[0])
    assert data.load(album.name, size=20).class_names is None


def test_train_and_test_folders_are_splits_not_classes(album, pictures):
    for i, picture in enumerate(pictures):
        album.add(f"{'train' if i < 20 else 'test'}/{'cats' if i % 2 else 'dogs'}/{i}.png", picture)
    loaded = data.load(album.name, size=20)
    assert loaded.class_names == ("cats", "dogs")
    assert {image.tobytes() for image in loaded.test.images[:]} == {picture.tobytes() for picture in pictures[20:]}


def test_copies_of_a_picture_stay_together(album, pictures):
    for i in range(30):
        album.add(f"{i}.png", pictures[i % 6])
    loaded = data.load(album.name, validation=0.2, test=0.2)
    seen = [{image.tobytes() for image in split.images[:]} for split in loaded.splits.values()]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 6


def test_a_corrupt_file_is_named_and_can_be_left_out(album, pictures, caplog):
    for i, picture in enumerate(pictures):
        album.add(f"{i}.png", picture)
    broken = album.folder / "sub" / "broken.jpg"
    broken.parent.mkdir()
    broken.write_bytes(b"\xff\xd8 no picture")
    cut = album.folder / "7.png"
    cut.write_bytes(cut.read_bytes()[:200])
    with pytest.raises(UserError, match=r"Received 7.png: .*--data.skip-bad"):
        data.load(album.name)
    assert not list((album.folder.parent / "cache").glob("*"))
    for _ in range(2):  # the second time from the cache
        caplog.clear()
        loaded = data.load(album.name, skip_bad=True)
        assert sum(map(len, loaded.splits.values())) == 29
        assert "Skipped 2 of 31" in caplog.text
        assert "7.png, sub/broken.jpg" in caplog.text


def test_an_enormous_picture_is_refused(album, pictures, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    album.add("bomb.png", pictures[0])
    with pytest.raises(UserError, match="Received bomb.png: .*decompression bomb"):
        data.load(album.name)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "empty" / "sub").mkdir(parents=True)
    (tmp_path / "empty" / "notes.txt").write_text("no picture")
    with pytest.raises(UserError, match="must hold image files .* Received 1 .txt"):
        data.load(f"folder:{tmp_path / 'empty'}")
    with pytest.raises(UserError, match="Received .*absent, which is not one"):
        data.load(f"folder:{tmp_path / 'absent'}")
    for i in range(3):
        (tmp_path / "empty" / f"{i}.png").write_text("no picture")
    with pytest.raises(UserError, match="none readable"):
        data.load(f"folder:{tmp_path / 'empty'}", skip_bad=True)


def test_pictures_are_decoded_once(album, pictures, monkeypatch):
    for i, picture in enumerate(pictures):
        album.add(f"{i}.png", picture)
    first = data.load(album.name)
    assert isinstance(first.train.images.base, np.memmap)

    def decoded_again(*args):
        raise AssertionError("decoded again")

    with monkeypatch.context() as patch:
        patch.setattr(decoded, "write", decoded_again)
        assert data.load(album.name).fingerprint == first.fingerprint
        with pytest.raises(AssertionError, match="decoded again"):
            data.load(album.name, size=32)
    album.add("0.png", pictures[0] // 2)
    assert data.load(album.name).fingerprint != first.fingerprint


def test_a_size_that_is_no_size_is_refused(album, pictures):
    album.add("0.png", pictures[0])
    with pytest.raises(UserError, match="size must be 4 to 1024 pixels. Received 0"):
        data.load(album.name, size=0)


@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 32, 3), (10, 7, 1), (37, 41, 3)], ids=str)
def test_one_file_is_read_into_any_shape(album, shape):
    image = data.read_image(album.add("wide.png", HALVES), shape)
    assert image.shape == shape and image.dtype == np.uint8
    middle = shape[1] // 2
    red, blue = image[:, : middle - 1].reshape(-1, shape[2]), image[:, middle + 2 :].reshape(-1, shape[2])
    if shape[2] == 3:
        assert (red[:, 0] > 200).all() and (blue[:, 2] > 200).all()
    else:
        assert red.min() > blue.max()  # red is the brighter of the two


def test_one_file_that_is_no_picture_is_refused(album, tmp_path):
    (tmp_path / "note.jpg").write_text("no picture")
    for name in ("note.jpg", "absent.png"):
        with pytest.raises(UserError, match=f"{name} must be a readable image file"):
            data.read_image(tmp_path / name, (16, 16, 3))
    with pytest.raises(UserError, match="gives 1 or 3 channels"):
        data.read_image(album.add("wide.png", HALVES), (16, 16, 2))


@pytest.mark.parametrize("size", [(28, 28), (28, 20), (4, 128)], ids=str)
def test_images_of_one_size_keep_it(album, size):
    rng = np.random.default_rng(0)
    stored = rng.integers(0, 256, (12, *size), np.uint8)
    for i, picture in enumerate(stored):
        album.add(f"{i}.png", picture)
    loaded = data.load(album.name)
    assert loaded.image_shape == (*size, 1) and loaded.notes == ()
    found = {image.tobytes() for split in loaded.splits.values() for image in split.images[:]}
    assert found == {picture.tobytes() for picture in stored}


@pytest.mark.parametrize("sizes", [[(28, 28), (28, 27)], [(129, 64)], [(3, 30)]], ids=str)
def test_others_become_64_by_64(album, sizes):
    rng = np.random.default_rng(0)
    for i in range(12):
        album.add(f"{i}.png", rng.integers(0, 256, sizes[i % len(sizes)], np.uint8))
    assert data.load(album.name).image_shape == (64, 64, 1)


def test_a_turned_picture_has_its_upright_size(album):
    exif = Image.Exif()
    exif[0x0112] = 6
    for i in range(12):
        album.add(f"{i}.jpg", np.full((20, 30, 3), 20 * i, np.uint8), exif=exif)
    assert data.load(album.name).image_shape == (30, 20, 1)


def test_enlarging_is_said(album, pictures, caplog):
    for i, picture in enumerate(pictures):
        album.add(f"{i}.png", picture if i < 20 else np.repeat(np.repeat(picture, 4, 0), 4, 1))
    data.load(album.name, size=20)
    assert caplog.text == ""
    data.load(album.name)
    assert "20 of 30 image files" in caplog.text
    assert "fewer pixels than the 64 x 64 of the images, down to 20 x 20, and are enlarged" in caplog.text


def test_a_size_may_have_two_sides(album, pictures):
    for i, picture in enumerate(pictures):
        album.add(f"{i}.png", picture)
    assert data.load(album.name, size=(16, 8)).image_shape == (16, 8, 1)
    assert data.load(album.name, size="16,8").source["size"] == (16, 8)
    for wrong in ((16, 2), (8, 8, 8), (2000,)):
        with pytest.raises(UserError, match="size must be 4 to 1024 pixels"):
            data.load(album.name, size=wrong)


def test_a_config_of_before_loads_as_then(album, pictures):
    """A run of Latente 0.x wrote one number."""
    for i, picture in enumerate(pictures):
        album.add(f"{i}.png", picture)
    assert data.load(album.name, size=64, channels=0, skip_bad=False, validation=0.1).image_shape == (64, 64, 1)
