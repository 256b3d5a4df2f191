import zipfile

import numpy as np
import pytest
from PIL import Image

from latente import data
from latente.errors import UserError


@pytest.fixture
def faces(tmp_path):
    """Twelve pictures of 178 x 218, black around a square of 148 pixels that has a grey level of its own."""
    folder = tmp_path / "data" / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for i in range(12):
        pixels = np.zeros((218, 178, 3), np.uint8)
        pixels[35:183, 15:163] = 100 + 10 * i
        Image.fromarray(pixels).save(folder / f"{i + 1:06}.jpg", quality=100)
    return folder


def levels(split):
    return ((split.images[:].mean((1, 2, 3)) - 100) / 10).round().astype(int)


def pack(faces):
    with zipfile.ZipFile(faces.with_suffix(".zip"), "w") as archive:
        for file in faces.iterdir():
            archive.write(file, f"img_align_celeba/{file.name}")
            file.unlink()
    faces.rmdir()


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_the_central_square_is_taken(faces, zipped):
    if zipped:
        pack(faces)
    loaded = data.load("celeba", size=32)
    assert loaded.image_shape == (32, 32, 3)
    assert sorted(np.concatenate([levels(split) for split in loaded.splits.values()])) == list(range(12))
    assert loaded.train.images[:].min() > 80  # the black frame is gone, all of it
    assert loaded.train.factors is None


def lines(rows, separator, header):
    return "\n".join([*header, *(separator.join(map(str, row)) for row in rows)]) + "\n"


@pytest.mark.parametrize("form", ["txt", "csv"])
def test_partition_and_attributes_are_used(faces, form):
    csv = form == "csv"
    separator = "," if csv else "  "
    names = [f"{i + 1:06}.jpg" for i in range(12)]
    rng = np.random.default_rng(0)
    parts, attributes = np.arange(12) % 3, rng.choice([-1, 1], (12, 2))
    write = faces.parent.joinpath
    partition = lines(zip(names, parts, strict=True), separator, ["image_id,partition"] if csv else [])
    write(f"list_eval_partition.{form}").write_text(partition)
    rows = [(name, *row) for name, row in zip(names, attributes, strict=True)]
    header = ["image_id,Bald,Smiling"] if csv else ["12", "Bald Smiling "]
    write(f"list_attr_celeba.{form}").write_text(lines(rows, separator, header))
    loaded = data.load("celeba")
    assert loaded.factor_names == ("Bald", "Smiling")
    for part, split in enumerate(loaded.splits.values()):
        np.testing.assert_array_equal(levels(split), np.arange(part, 12, 3))
        np.testing.assert_array_equal(split.factors, (attributes[part::3] + 1) // 2)


def test_a_list_must_cover_the_images(faces):
    (faces.parent / "list_eval_partition.txt").write_text("000001.jpg 0\n")
    with pytest.raises(UserError, match="no line for 11 of 12, such as 000002.jpg"):
        data.load("celeba")


def test_a_partition_must_name_splits(faces):
    rows = "".join(f"{i + 1:06}.jpg {i % 4}\n" for i in range(12))
    (faces.parent / "list_eval_partition.txt").write_text(rows)
    with pytest.raises(UserError, match="must give 0 .train., 1 .validation. or 2 .test. .* Received 0 to 3"):
        data.load("celeba")


def test_a_part_of_the_images_is_said(faces):
    assert "holds 12 of its 202,599 images" in data.load("celeba").notes[-1]


def test_missing_files_are_named(tmp_path):
    with pytest.raises(UserError, match=r"img_align_celeba.zip .* in .*data/celeba. Received neither"):
        data.load("celeba")
    (tmp_path / "data" / "celeba").mkdir(parents=True)
    (tmp_path / "data" / "celeba" / "img_align_celeba.zip").write_bytes(b"PK cut off")
    with pytest.raises(UserError, match="must be a whole zip file"):
        data.load("celeba")


def test_the_real_faces(real_data):
    loaded = data.load("celeba", data_dir=real_data)
    assert loaded.image_shape == (64, 64, 3)
    assert sum(map(len, loaded.splits.values())) == 4000
    mean = loaded.train.images[:].mean((0, 1, 2))
    assert 80 < mean[2] < mean[1] < mean[0] < 150  # skin: more red than green than blue
