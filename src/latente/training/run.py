"""The run directory: the only code that reads or writes it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from zipfile import BadZipFile

import numpy as np

from latente.backend import native_stderr_held
from latente.data import Dataset, keep
from latente.errors import UserError
from latente.files import folder_written_whole, written_whole
from latente.model import VAE
from latente.model.fitted_prior import FittedPrior
from latente.training.build import build
from latente.training.checkpoint import epochs, training_of, unreadable
from latente.training.log import log_text, read_log
from latente.training.recall import recall
from latente.training.settings import Settings

Json = dict[str, Any]

CONFIG, LOG, DATA = "config.json", "log.jsonl", "data.npz"
Which = Literal["best", "last"]


class Run:
    """A training run on disk.

    Every file is written whole under another name and then renamed, so that a crash leaves the old or the new one.

    Args:
        path: The run directory.
        data: What it was trained on, as ``train`` takes it, where it was given in Python and the run keeps no copy.

    Raises:
        UserError: The folder is not a run directory.
    """

    def __init__(self, path: str | Path, data: Any = None) -> None:
        self.path, self._given = Path(path), data
        missing = [name for name in (CONFIG, "environment.json") if not (self.path / name).is_file()]
        if missing:
            what = f"holds no {' and no '.join(missing)}" if self.path.is_dir() else "does not exist"
            raise UserError(f"{self.path} is not a run directory: it {what}. latente train makes one.")

    @classmethod
    def create(
        cls, path: Path, config: Json, environment: Json, held: Dataset | None = None, copy: bool = False
    ) -> Run:
        """Make a run directory, complete from its first moment, with a copy of the data that it holds if asked.

        Raises:
            UserError: It exists already, or cannot be written.
        """
        with folder_written_whole(path.absolute()) as staging:
            for name in ("checkpoints", "figures"):
                (staging / name).mkdir()
            for name, content in {CONFIG: config, "environment.json": environment}.items():
                (staging / name).write_text(_dumps(content), encoding="utf-8")
            if held and copy:
                keep(held, staging / DATA)
        return cls(path, held)

    def discard(self) -> None:
        """Remove the run directory with all that is in it."""
        shutil.rmtree(self.path)

    @staticmethod
    def check_free(path: Path) -> None:
        """Refuse a path where something is already."""
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(
                f"{path} exists already. Choose another --run-dir, or go on with it: latente train --resume {path}"
            )

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    @property
    def config(self) -> Json:
        """Everything needed to repeat the run, defaults included."""
        return self._read(CONFIG)

    @property
    def environment(self) -> Json:
        """Versions, backend, device, precision, data fingerprint and code of the run."""
        return self._read("environment.json")

    @property
    def classes(self) -> list[str]:
        """The names of the classes that a conditional model knows, in the order of its labels; none where it is not."""
        return self.environment.get("classes", [])

    @property
    def pixel_range(self) -> tuple[float, ...]:
        """The pixel values of files that become black and white, (low, high); none for the ends of their scale."""
        return tuple(self.config["data"].get("range", ()))

    @property
    def log(self) -> list[Json]:
        """One entry per epoch that a checkpoint has seen, the oldest first."""
        kept = [self._epochs_in(which) for which in get_args(Which) if self.checkpoint(which).exists()]
        # Read after the checkpoints, since it is written before them. A published run has the best checkpoint alone.
        return [entry for entry in read_log(self.path / LOG) if not self.trained or entry["epoch"] <= max(kept)]

    @property
    def best_epoch(self) -> Json:
        """The log entry of the epoch whose weights ``model()`` gives now.

        Raises:
            UserError: No epoch was finished yet.
        """
        if not self.checkpoint("best").exists():
            raise self._untrained()
        return self._entry(self._epochs_in("best"))

    def epochs_of(self, vae: VAE) -> int:
        """How many epochs a model of this run has seen."""
        return self._epochs(int(vae.step), int(vae.images))

    def epoch_of(self, vae: VAE) -> Json:
        """The log entry of the last of them, whatever was trained since the model was read."""
        return self._entry(self.epochs_of(vae))

    @property
    def metrics(self) -> dict[str, Json]:
        """What evaluation found, each figure with its protocol; empty before the first evaluation."""
        return self._read("metrics.json") if (self.path / "metrics.json").exists() else {}

    @property
    def trained(self) -> bool:
        """Whether an epoch was finished, so that there should be a model; own networks are kept before it, too."""
        return self.checkpoint("best").exists() or (self.checkpoint("last").exists() and (self.path / LOG).exists())

    @property
    def finished(self) -> bool:
        """Whether training is at its end, so that there is nothing to go on with."""
        last: Which = "last" if self.checkpoint("last").exists() else "best"
        return self.trained and Settings(**self.config["training"]).stops_after(self.log[: self._epochs_in(last)])

    def checkpoint(self, which: Which) -> Path:
        """Path of a checkpoint in Keras's format: ``last`` to go on from, ``best`` by validation ELBO to use."""
        return self.path / "checkpoints" / f"{which}.keras"

    def model(self, which: Which = "best") -> VAE:
        """The trained VAE, computing in float32.

        Raises:
            UserError: No epoch was finished yet, or its files are damaged or of a version that this one cannot read.
        """
        if not self.checkpoint(which).exists():
            raise self._untrained()
        try:
            vae = build(self.config, tuple(self.environment["image_shape"]), classes=len(self.classes))
            vae.load_weights(self.checkpoint(which))
        except UserError:  # own networks tell what they miss
            raise
        # An option that is gone, weights of another shape, half a file: what does not fit may fail in all these ways.
        except (KeyError, TypeError, ValueError, OSError, BadZipFile) as error:
            raise self._unreadable(error) from error
        return vae

    @property
    def fitted_prior(self) -> FittedPrior | None:
        """The density that ``latente fit-prior`` fitted to the codes of ``model()``; None where it did not."""
        if not self._fitted_prior.exists():
            return None
        with np.load(self._fitted_prior) as arrays:
            return FittedPrior(**arrays)

    def data(self, data_dir: str | None = None) -> Dataset:
        """The data that the run was trained on.

        Args:
            data_dir: Where the files are now, when not where they were.

        Raises:
            UserError: The data are not there, or are not the same.
        """
        options = self.config["data"] | ({"data_dir": data_dir} if data_dir is not None else {})
        return recall(self.path, options, self.environment["data_fingerprint"], self.path / DATA, self._given)

    def record(self, entry: Json) -> list[Json]:
        """Add the entry of an epoch to the log, dropping those of this epoch and later (a resumed run repeats them)."""
        log = [*(old for old in read_log(self.path / LOG) if old["epoch"] < entry["epoch"]), entry]
        self._write(LOG, log_text(log))
        return log

    def save(self, vae: VAE, best: bool) -> None:
        """Write the checkpoint to go on from and, if it is the best so far, the one to use."""
        last = self.checkpoint("last")
        temporary = last.with_name("writing.keras")
        with native_stderr_held():
            vae.save(temporary)
        if best:
            self._fitted_prior.unlink(missing_ok=True)  # it knew the codes of other weights
            copy = last.with_name("copying.keras")
            shutil.copyfile(temporary, copy)
            os.replace(copy, self.checkpoint("best"))
        os.replace(temporary, last)

    def keep_prior(self, prior: FittedPrior) -> Path:
        """Write a density fitted to the codes of ``model()`` to ``fitted-prior.npz`` and return its path.

        It goes when training finds better weights.
        """
        with written_whole(self._fitted_prior) as temporary, open(temporary, "wb") as file:
            np.savez(file, allow_pickle=False, **vars(prior))
        return self._fitted_prior

    def add_metrics(self, metrics: Mapping[str, Json]) -> None:
        """Add figures with their protocols to ``metrics.json``, replacing those of the same name."""
        self._write("metrics.json", _dumps({**self.metrics, **metrics}))

    def figure_path(self, name: str) -> Path:
        """Where the picture of that name belongs; its folder is made."""
        folder = self.path / "figures"
        folder.mkdir(exist_ok=True)
        return folder / name

    def picture_path(self, what: str, epoch: int) -> Path:
        """Where the picture that training draws of that after an epoch belongs; its folder is made."""
        return self.figure_path(f"{what}-{epoch:04d}.png")

    def pictures(self, epoch: int) -> dict[str, Path]:
        """The pictures that training drew after an epoch, by what they show."""
        return {path.stem.rpartition("-")[0]: path for path in sorted(self.path.glob(f"figures/*-{epoch:04d}.png"))}

    @property
    def events(self) -> Path:
        """The folder of TensorBoard's event files, which its own writer appends to."""
        return self.path / "events"

    @property
    def tracking(self) -> Json:
        """By tracker, under which id it knows the run."""
        return self._read("tracking.json") if (self.path / "tracking.json").exists() else {}

    def add_tracking(self, **ids: str) -> None:
        """Keep the id under which a tracker knows the run."""
        self._write("tracking.json", _dumps({**self.tracking, **ids}))

    def export_path(self, name: str) -> Path:
        """Where the export of that name belongs."""
        return self.path / "export" / name

    def write_report(self, html: str) -> Path:
        """Write ``report.html`` and return its path."""
        return self._write("report.html", html)

    def _entry(self, epoch: int) -> Json:
        for entry in read_log(self.path / LOG):
            if entry["epoch"] == epoch:
                return entry
        raise UserError(f"{self.path / LOG} lacks epoch {epoch}, of which the weights are. Restore it from a copy.")

    def _epochs(self, steps: int, images: int) -> int:
        return epochs(steps, images, self.config["training"]["batch_size"])

    def _epochs_in(self, which: Which) -> int:
        """How many epochs the weights of a checkpoint have seen."""
        try:
            return self._epochs(*training_of(self.checkpoint(which)))
        except (KeyError, OSError, BadZipFile) as error:
            raise self._unreadable(error) from error

    @property
    def _fitted_prior(self) -> Path:
        return self.path / "fitted-prior.npz"

    def _untrained(self) -> UserError:
        return UserError(f"{self.path} holds no trained model yet. Go on with it: latente train --resume {self.path}")

    def _unreadable(self, error: Exception) -> UserError:
        made = self.environment.get("versions", {}).get("latente", "an unknown version")
        return unreadable(self.path, made, f"latente train --config {self.path / CONFIG}", error)

    def _read(self, name: str) -> Json:
        try:
            return json.loads((self.path / name).read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError) as error:
            raise UserError(f"{self.path / name} cannot be read: {error}. Is {self.path} a run directory?") from None

    def _write(self, name: str, text: str) -> Path:
        with written_whole(self.path / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
        return self.path / name


def _dumps(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
