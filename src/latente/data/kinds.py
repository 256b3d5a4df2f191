"""What is at a path of the user's; and the way around for what no source reads yet."""

from __future__ import annotations

from pathlib import Path

from latente.errors import UserError

_SAVE = "np.savez('images.npz', images={})".format
_UNPACK = "Unpack it, and give the folder of its images, or the file in it."
_FRAMES = "Write its frames as image files, and give their folder: ffmpeg -i {path} frames/%06d.png"
NOT_READ_YET = {
    ".csv": (
        "a table as text",
        _SAVE("np.loadtxt('{path}', np.uint8, delimiter=',', skiprows=1)[:, 1:].reshape(-1, 28, 28)"),
    ),
    ".mat": ("a MATLAB file", _SAVE("scipy.io.loadmat('{path}')['NAME'].T.reshape(-1, HEIGHT, WIDTH)")),
    ".h5": ("an HDF5 file", _SAVE("h5py.File('{path}')['NAME'][:]")),
    ".pt": ("a PyTorch file", _SAVE("torch.load('{path}').numpy()")),
    ".pkl": ("a pickle, which may run any code of its maker's", _SAVE("pickle.load(open('{path}', 'rb'))")),
    ".parquet": ("a Parquet file", "Give the folder that it is in, as hf:FOLDER."),
    ".tfrecord": ("a TFRecord file", _SAVE("np.stack([x for x in YOUR_PARSED_DATASET.as_numpy_iterator()])")),
    ".zip": ("an archive", _UNPACK),
    ".tar": ("an archive", _UNPACK),
    ".mp4": ("a video", _FRAMES),
}
"""Of each kind by the ending of its name: what it is, and how its images can be read all the same."""
ALIKE = {
    ".csv": (".tsv",),
    ".h5": (".hdf5", ".hdf"),
    ".pt": (".pth",),
    ".pkl": (".pickle", ".p"),
    ".tar": (".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"),
    ".mp4": (".avi", ".mov", ".mkv", ".webm", ".mpg", ".mpeg", ".m4v"),
}
_KIND = {ending: first for first in NOT_READ_YET for ending in (first, *ALIKE.get(first, ()))}


def saved_by_datasets(path: Path) -> bool:
    """Whether a path is a folder that ``save_to_disk`` of Hugging Face's library wrote."""
    return any((path / file).is_file() for file in ("dataset_dict.json", "state.json"))


def begins_with(path: Path, *magics: bytes) -> bool:
    """Whether a file begins with one of some bytes.

    Raises:
        UserError: It cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(max(map(len, magics))).startswith(magics)
    except OSError as error:
        raise UserError(f"{path} must be a readable file. Received: {error.strerror}.") from error


def not_read(path: Path) -> str:
    """What is at a path that no source reads yet, and what to do."""
    from PIL import Image

    ending = path.suffix.lower()
    if ending in _KIND:
        what, remedy = NOT_READ_YET[_KIND[ending]]
        told = remedy.format(path=path)
        return f"{path} is {what}, which is not read yet. " + (
            f"Save its images as NumPy's, and give that file: {told}" if "np.savez" in told else told
        )
    if ending in Image.registered_extensions():
        return f"{path} is one image file. A VAE learns from many: give the folder of them."
    return f"{path} is of no kind that is read: a folder of image files, .npz or .npy. Save its images with np.savez."
