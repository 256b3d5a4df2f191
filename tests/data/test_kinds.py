"""What a path of the user's is, by what is there; and what is said of a kind that is not read yet."""

import gzip
import zipfile

import numpy as np
import pytest
from PIL import Image

from latente import data
from latente.errors import UserError


@pytest.fixture
def album(tmp_path, pictures):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{i}.png")
    return folder


def test_a_bare_path_is_read_for_what_it_is(tmp_path, album, pictures, monkeypatch):
    np.savez(tmp_path / "archive.bin", images=pictures)
    (tmp_path / "archive.bin.npz").rename(tmp_path / "archive")
    np.save(tmp_path / "single.npy", pictures)
    (tmp_path / "single.npy").rename(tmp_path / "single.dat")
    monkeypatch.chdir(tmp_path)
    for path, kind in {"photos": "folder", "photos/": "folder", "archive": "npz", "./single.dat": "npy"}.items():
        for written in (path, str(tmp_path / path)):
            loaded = data.load(written)
            assert sum(map(len, loaded.splits.values())) == 30
            assert loaded.name == loaded.source["name"] == f"{kind}:{written}"
            assert data.load(**loaded.source).fingerprint == loaded.fingerprint
        assert data.absolute(path) == f"{kind}:{(tmp_path / path).absolute()}"


def test_the_name_of_a_source_comes_before_a_folder_of_that_name(tmp_path, album, monkeypatch):
    album.rename(tmp_path / "digits")
    monkeypatch.chdir(tmp_path)
    assert data.load("digits").image_shape == (12, 12, 1)
    assert data.load("./digits").image_shape == (20, 20, 1)


def zipped(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"picture")


OTHERS = {
    "kaggle.csv": (
        b"label,pixel0\n1,2\n",
        r"a table as text, which is not read yet.*np.savez.*np.loadtxt\('.*kaggle.csv'",
    ),
    "frey.mat": (b"MATLAB 5.0 MAT-file", r"a MATLAB file, which is not read yet.*np.savez.*scipy.io.loadmat"),
    "x.h5": (b"\x89HDF\r\n", "an HDF5 file, which is not read yet.*np.savez.*h5py"),
    "x.HDF5": (b"\x89HDF\r\n", "an HDF5 file, which is not read yet"),
    "x.pt": (b"PK\x03\x04", "must be a whole file"),
    "x.pth": (b"\x80\x02", "a PyTorch file, which is not read yet.*np.savez.*torch.load"),
    "x.pkl": (b"\x80\x04", "a pickle, which .* not read yet"),
    "x.parquet": (b"PAR1", "a Parquet file, which is not read yet.*hf:FOLDER"),
    "x.tar.gz": (gzip.compress(b"tar"), "an archive, which is not read yet. Unpack it"),
    "film.mp4": (b"\0\0\0\x18ftyp", "a video, which is not read yet.*ffmpeg -i .*film.mp4 frames"),
    "one.png": (b"\x89PNG", "is one image file.*give the folder"),
    "notes.txt": (b"words", "of no kind that is read"),
}


@pytest.mark.parametrize("file", OTHERS)
def test_a_kind_that_is_not_read_yet_is_named_with_the_way_around(tmp_path, file):
    content, match = OTHERS[file]
    (tmp_path / file).write_bytes(content)
    for name in (f"{tmp_path / file}", f"npz:{tmp_path / file}", f"npy:{tmp_path / file}"):
        if file == "x.pt" and name.startswith("np"):
            continue  # these begin as an archive, and are said to be damaged ones
        with pytest.raises(UserError, match=match) as error:
            data.load(name)
        assert "pickled data" not in str(error.value) and "unsafe" not in str(error.value)


def test_a_zip_of_pictures_is_named(tmp_path):
    zipped(tmp_path / "photos.zip")
    with pytest.raises(UserError, match="an archive, which is not read yet. Unpack it, and give the folder"):
        data.load(str(tmp_path / "photos.zip"))


def test_a_path_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UserError, match="There is no such file or folder"):
        data.load(str(tmp_path / "absent"))


@pytest.mark.parametrize(("count", "needed"), [(1, 3), (2, 3)])
def test_too_few_images_are_told_what_they_need(tmp_path, pictures, count, needed):
    for i in range(count):
        Image.fromarray(pictures[i]).save(tmp_path / f"{i}.png")
    with pytest.raises(UserError, match=f"needs at least {needed} images: one to train on.* Received {count}") as error:
        data.load(f"folder:{tmp_path}")
    assert "option" not in str(error.value)
    undivided = data.load(f"folder:{tmp_path}", validation=0, test=0)
    assert len(undivided.train) == count
