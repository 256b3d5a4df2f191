import pytest

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
