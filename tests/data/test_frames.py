"""Files with several frames: which of them become images, and what is said of the others."""

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from latente import data
from latente.errors import UserError

GREYS = [6 * i for i in range(40)]


def grey(levels, size=(20, 20)):
    return [Image.fromarray(np.full(size, level, np.uint8)) for level in levels]


def save(path, pictures, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)


def found(dataset):
    """The grey level of each image by the name of its file."""
    splits = dataset.splits.values()
    return {
        str(file): int(image.mean().round())
        for split in splits
        for file, image in zip(split.files, split.images[:], strict=True)
    }


@pytest.mark.parametrize("pages", [1, 2, 40])
def test_every_page_of_a_tiff_is_an_image(tmp_path, pages):
    names = {}
    for start in range(0, 40, pages):
        levels = GREYS[start : start + pages]
        save(tmp_path / "stack" / f"{start}.tif", grey(levels))
        names |= {
            f"{start}.tif#{page + 1}" if pages > 1 else f"{start}.tif": level for page, level in enumerate(levels)
        }
    loaded = data.load(f"folder:{tmp_path / 'stack'}")
    assert loaded.image_shape == (20, 20, 1)
    assert found(loaded) == names
    assert loaded.notes == ()


def test_pages_keep_the_class_of_their_folder(tmp_path):
    for name, levels in {"cats": GREYS[:20], "dogs": GREYS[20:]}.items():
        save(tmp_path / "pets" / name / "frames.tif", grey(levels))
    loaded = data.load(f"folder:{tmp_path / 'pets'}")
    assert loaded.class_names == ("cats", "dogs")
    for split in loaded.splits.values():
        assert [file.startswith("dogs/") for file in split.files] == split.labels.astype(bool).tolist()


def test_a_smaller_copy_of_a_page_and_its_mask_are_no_images_and_are_counted(tmp_path, caplog):
    (tmp_path / "slides").mkdir()
    with TiffImagePlugin.AppendingTiffWriter(str(tmp_path / "slides" / "slide.tif"), new=True) as writer:
        smaller, page, mask = 1, 2, 4  # bits of NewSubfileType
        kinds = [(0, (20, 20), 9), (smaller, (5, 5), 9), (0, (20, 20), 90), (page, (20, 20), 200), (mask, (20, 20), 30)]
        for kind, size, level in kinds:
            grey([level], size)[0].save(writer, "TIFF", tiffinfo={254: kind})
            writer.newFrame()
    loaded = data.load(f"folder:{tmp_path / 'slides'}")
    assert found(loaded) == {"slide.tif#1": 9, "slide.tif#3": 90, "slide.tif#4": 200}
    assert "Left out 2 frames of 1 files" in caplog.text and "(slide.tif 2)" in caplog.text


@pytest.mark.parametrize(("ending", "options"), [("gif", {}), ("webp", {"lossless": True}), ("png", {})])
def test_an_animation_gives_its_first_frame_or_all(tmp_path, caplog, ending, options):
    for i in range(4):
        save(tmp_path / "moving" / f"{i}.{ending}", grey(GREYS[5 * i : 5 * i + 5]), **options)
    name = f"folder:{tmp_path / 'moving'}"
    assert found(data.load(name)) == {f"{i}.{ending}": GREYS[5 * i] for i in range(4)}
    assert f"Left out 16 frames of 4 files in {tmp_path / 'moving'}" in caplog.text
    assert f"(0.{ending} 4, 1.{ending} 4, 2.{ending} 4, 3.{ending} 4)" in caplog.text
    whole = data.load(name, frames="all")
    assert found(whole) == {f"{n // 5}.{ending}#{n % 5 + 1}": level for n, level in enumerate(GREYS[:20])}
    assert whole.notes == ()


def test_a_damaged_page_is_named(tmp_path):
    save(tmp_path / "stack" / "frames.tif", grey(GREYS))
    file = tmp_path / "stack" / "frames.tif"
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"Received frames.tif: .*--data.skip-bad"):
        data.load(f"folder:{tmp_path / 'stack'}")


def test_one_file_of_several_frames_says_which_is_taken(tmp_path, caplog):
    save(tmp_path / "frames.tif", grey([10, 20, 30]))
    assert data.read_image(tmp_path / "frames.tif", (20, 20, 1)).max() == 10
    assert f"{tmp_path / 'frames.tif'} holds 3 frames. Its first is taken" in caplog.text
    caplog.clear()
    save(tmp_path / "one.tif", grey([7]))
    assert data.read_image(tmp_path / "one.tif", (20, 20, 1)).max() == 7
    assert caplog.text == ""
    assert data.read_image(tmp_path / "frames.tif#3", (20, 20, 1)).max() == 30
    with pytest.raises(UserError, match="frames.tif#4 must be a readable image file"):
        data.read_image(tmp_path / "frames.tif#4", (20, 20, 1))
