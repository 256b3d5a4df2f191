import functools
import gzip
import hashlib
import http.server
import threading

import numpy as np
import pytest

from hand_made import idx_bytes
from latente import data
from latente.data import idx
from latente.errors import UserError


@pytest.fixture
def small(monkeypatch):
    """The four files of a data set with 300 + 60 images, as the names and bytes of a mirror."""
    monkeypatch.setattr(idx, "COUNTS", {"train": 300, "t10k": 60})
    rng = np.random.default_rng(0)
    files = {}
    for prefix, n in idx.COUNTS.items():
        files[f"{prefix}-images-idx3-ubyte.gz"] = gzip.compress(idx_bytes(rng.integers(0, 256, (n, 28, 28), np.uint8)))
        files[f"{prefix}-labels-idx1-ubyte.gz"] = gzip.compress(idx_bytes(rng.integers(0, 10, n, np.uint8)))
    monkeypatch.setitem(idx.FILES, "mnist", {name: hashlib.md5(body).hexdigest() for name, body in files.items()})
    contents = {name: hashlib.md5(gzip.decompress(body)).hexdigest() for name, body in files.items()}
    monkeypatch.setitem(idx.CONTENTS, "mnist", contents)
    return files


def put(folder, files):
    folder.mkdir(parents=True)
    for name, body in files.items():
        (folder / name).write_bytes(body)


@pytest.mark.parametrize("place", ["mnist", "."])
@pytest.mark.parametrize("packed", [True, False], ids=["packed", "unpacked"])
def test_files_put_in_place_are_read(small, tmp_path, place, packed):
    files = small if packed else {name.removesuffix(".gz"): gzip.decompress(body) for name, body in small.items()}
    put(tmp_path / "mine" / place, files)
    mnist = data.load("mnist", data_dir=str(tmp_path / "mine"), validation=50)
    assert [split.images.shape for split in mnist.splits.values()] == [(n, 28, 28, 1) for n in (250, 50, 60)]
    first = np.frombuffer(gzip.decompress(small["t10k-images-idx3-ubyte.gz"])[16:], np.uint8).reshape(60, 28, 28)
    np.testing.assert_array_equal(mnist.test.images[..., 0], first)


IMAGES = "train-images-idx3-ubyte.gz"
DAMAGES = {
    "cut off": (lambda body: body[: len(body) // 2], "must be a whole gzip file"),
    "not gzip": (lambda body: b"<html>not found</html>", "must be a whole gzip file"),
    "empty": (lambda body: b"", "must be an IDX file .* Received nothing"),
    "wrong type": (lambda body: repack(body, lambda raw: b"\0\0\x0d\3" + raw[4:]), "must be an IDX file of unsigned"),
    "other shape": (lambda body: repack(body, lambda raw: raw[:8] + bytes(4) + raw[12:]), "with shape \\(300, 28, 28"),
    "too short": (lambda body: repack(body, lambda raw: raw[:-7]), "235,200 bytes after its header. Received 235,193"),
    "test as train": (lambda body: gzip.compress(idx_bytes(np.zeros((60, 28, 28), np.uint8))), "must be an IDX file"),
}


def repack(body, change):
    return gzip.compress(change(gzip.decompress(body)))


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named(small, tmp_path, damage):
    change, match = DAMAGES[damage]
    put(tmp_path / "data" / "mnist", small | {IMAGES: change(small[IMAGES])})
    with pytest.raises(UserError, match=match) as error:
        data.load("mnist")
    assert str(tmp_path / "data" / "mnist" / IMAGES) in str(error.value)


def test_labels_beyond_nine_are_refused(small, tmp_path):
    labels = gzip.compress(idx_bytes(np.full(60, 10, np.uint8)))
    put(tmp_path / "data" / "mnist", small | {"t10k-labels-idx1-ubyte.gz": labels})
    with pytest.raises(UserError, match="must be 0 to 9. Received 10"):
        data.load("mnist")


@pytest.fixture
def mirror(tmp_path):
    """Serves a folder on the loopback interface; gives the folder and the address."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Silent(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_second_mirror_helps_when_the_first_lacks_or_damages_a_file(small, mirror, tmp_path, monkeypatch, capsys):
    folder, address = mirror
    put(folder / "good", small)
    put(folder / "bad", {IMAGES: small[IMAGES] + b"!"})  # a wrong checksum, and three files missing
    monkeypatch.setitem(idx.MIRRORS, "mnist", (f"{address}/bad", f"{address}/good"))
    assert len(data.load("mnist", validation=50).train) == 250
    target = tmp_path / "data" / "mnist"
    assert {path.name: path.read_bytes() for path in target.iterdir()} == small
    printed = capsys.readouterr()
    assert printed.out == ""
    assert f"Downloading {IMAGES} from {address}/good" in printed.err
    monkeypatch.setitem(idx.MIRRORS, "mnist", ())  # they are here now: no mirror is asked
    data.load("mnist", validation=50)


def test_no_network_gives_one_error_and_leaves_no_trace(small, mirror, tmp_path, monkeypatch):
    monkeypatch.setitem(idx.MIRRORS, "mnist", (f"{mirror[1]}/none", "http://127.0.0.1:9"))
    with pytest.raises(UserError) as error:
        data.load("mnist")
    for part in (str(tmp_path / "data" / "mnist"), *small, "404", "refused", "by hand", "--data-dir"):
        assert part in str(error.value)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("name", "mean", "std"), [("mnist", 0.1307, 0.3081), ("fashion-mnist", 0.2860, 0.3530)])
def test_the_real_files_are_the_published_data(real_data, name, mean, std):
    loaded = data.load(name, data_dir=real_data)
    assert [len(split) for split in loaded.splits.values()] == [55_000, 5_000, 10_000]
    pixels = np.concatenate([loaded.train.images, loaded.validation.images]) / np.float32(255)
    assert abs(pixels.mean() - mean) < 1e-3
    assert abs(pixels.std() - std) < 1e-3
    assert (np.bincount(loaded.test.labels) > 800).all()


def test_files_that_are_not_the_published_ones_are_said_and_read(small, tmp_path, caplog):
    packed_anew = {name: gzip.compress(gzip.decompress(body), 1) for name, body in small.items()}
    put(tmp_path / "data" / "mnist", packed_anew)
    assert data.load("mnist", validation=50).notes == ()
    black = repack(small["t10k-images-idx3-ubyte.gz"], lambda raw: raw[:16] + bytes(len(raw) - 16))
    (tmp_path / "data" / "mnist" / "t10k-images-idx3-ubyte.gz").write_bytes(black)
    loaded = data.load("mnist", validation=50)
    assert not loaded.test.images.any()
    assert "Not the published files of mnist: t10k-images-idx3-ubyte.gz in" in caplog.text
    assert list(loaded.notes) == [record.message for record in caplog.records]


def test_the_real_mnist_is_the_published_one(real_data):
    """Packed anew in that folder, as the archives' own checksums would not show."""
    assert data.load("mnist", data_dir=real_data).notes == ()
