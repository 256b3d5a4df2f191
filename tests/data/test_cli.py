import numpy as np
import pytest
from PIL import Image

from latente.cli import main


@pytest.fixture
def latente_data(capsys):
    """Runs `latente data ...` and gives its lines, or those of its error."""

    def run(*words):
        code = main(["data", *words])
        captured = capsys.readouterr()
        return (captured.err if code else captured.out).splitlines()

    return run


def test_list_fits_a_terminal_and_says_what_is_here(latente_data, tmp_path):
    lines = latente_data("list")
    assert max(map(len, lines[:-1])) <= 80
    names = [line.split()[0] for line in lines[1 : lines.index("")]]
    known = ["celeba", "digits", "fashion-mnist", "mnist", "shapes", "folder:PATH", "hf:NAME", "npy:PATH", "npz:PATH"]
    assert [name for name in names if name in known] == known  # later ones may come between
    assert sorted(names, key=lambda name: (":" in name, name)) == names

    def of_celeba(lines: list[str]) -> str:
        return next(line for line in lines if line.startswith("celeba "))

    assert of_celeba(lines).endswith("absent")
    (tmp_path / "own" / "celeba" / "img_align_celeba").mkdir(parents=True)
    assert of_celeba(latente_data("list", "--data-dir", str(tmp_path / "own"))).endswith("here")


def test_info_describes_digits(latente_data):
    text = "\n".join(latente_data("info", "digits"))
    for part in (
        "1,258 images",
        "(0 also in train)",
        "12 x 12 x 1, uint8",
        "fingerprint",
        "mean 0.1",
        "binarize: one of",
    ):
        assert part in text
    assert "data-dir" not in text


def test_info_describes_the_factors_of_shapes(latente_data):
    text = "\n".join(latente_data("info", "shapes"))
    for part in ("722,280 images", "ellipse", "orientation", "0 - 39", "subset"):
        assert part in text


def test_info_numbers_factors_that_have_no_name(latente_data, tmp_path, pictures):
    factors = np.stack([np.arange(30) % 2, np.arange(30) % 3 + 4, np.arange(30)], axis=1)
    np.savez(tmp_path / "cells.npz", imgs=pictures, latents_classes=factors)
    lines = latente_data("info", f"npz:{tmp_path / 'cells.npz'}", "--data.validation=0", "--data.test=0")
    first = lines.index("factor                        values       range")
    assert lines[first + 1 : first + 5] == [
        "  factor 0                         2       0 - 1",
        "  factor 1                         3       4 - 6",
        "  factor 2                        30      0 - 29",
        "",
    ]


def test_info_cuts_long_names_so_that_the_columns_stand(latente_data, tmp_path, pictures):
    faces = tmp_path / "data" / "celeba" / "img_align_celeba"
    faces.mkdir(parents=True)
    for i, picture in enumerate(pictures):
        Image.fromarray(picture).save(faces / f"{i}.png")
        for name in (f"album/{'abcdefghijklmnopqrstuvwxyz' if i % 2 else 'cat'}", "album/abcdefghijklmnopqrstuv"):
            (tmp_path / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture[: i + 1]).save(tmp_path / name / f"{i}.png")
    rows = "".join(f"{i}.png {-1 if i % 2 else 1} 1\n" for i in range(30))
    (faces.parent / "list_attr_celeba.txt").write_text(f"30\nWearing_A_Necktie_Of_Gold Young\n{rows}")
    lines = latente_data("info", "celeba", "--data.validation=0", "--data.test=0")
    assert "  Wearing_A_Necktie_Of_G           2       0 - 1" in lines
    assert "  Young                            1       1 - 1" in lines
    lines = latente_data("info", f"folder:{tmp_path / 'album'}", "--data.validation=0", "--data.test=0")
    assert [line for line in lines if line.startswith(("class", "  abc", "  cat"))] == [
        "class                          train  validation        test",
        "  abcdefghijklmnopqrstuv          30           0           0",
        "  abcdefghijklmnopqrstuv          15           0           0",
        "  cat                             15           0           0",
    ]


def test_info_takes_the_options_that_it_names(latente_data):
    few = "\n".join(latente_data("info", "digits", "--data.subset", "100", "--data.validation=0.5"))
    assert "train              100 images" in few
    assert "The options of 'digits' are" in latente_data("info", "digits", "--data.size", "8")[0]
    assert "--data.NAME. Received --beta" in latente_data("info", "digits", "--beta", "3")[0]
    assert "unrecognized arguments: --data.size=8" in latente_data("get", "digits", "--data.size", "8")[0]


def test_get_says_what_to_do(latente_data, tmp_path):
    assert latente_data("get", "digits") == ["digits needs no files: it is built in."]
    assert latente_data("get", "npz:x.npz") == ["npz:x.npz needs no files: its name says what to read."]
    assert "put the zip there" in "".join(latente_data("get", "celeba"))
    (tmp_path / "data" / "celeba" / "img_align_celeba").mkdir(parents=True)
    assert latente_data("get", "celeba") == [f"celeba is already in {tmp_path / 'data' / 'celeba'}"]
