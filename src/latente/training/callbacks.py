"""What happens beside the training steps: guarding, recording, drawing and telling."""

from __future__ import annotations

import math
import time
from typing import Any

import keras
import numpy as np

from latente.data import Dataset
from latente.errors import UserError
from latente.figures import grid, rows, save_figure
from latente.language import text, tr
from latente.training.labels import labels_of
from latente.training.log import best_entry
from latente.training.run import Run
from latente.training.settings import Settings

Logs = dict[str, Any]


class Diverged(UserError):
    """A loss that is not a number ended the training."""


class NonFiniteGuard(keras.callbacks.Callback):
    """Stops ``fit`` at the first step whose loss is not finite, before a callback after it writes a checkpoint.

    Args:
        run: The run that is trained, if any, to say which checkpoint is the last good one.

    Raises:
        Diverged: In ``fit``.
    """

    def __init__(self, run: Run | None = None) -> None:
        super().__init__()
        self.run = run

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Check the running mean of the loss, which stays not finite from the first bad step on."""
        self._check(logs or {}, "", "")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Check the validation too, where there is one: the last update of an epoch shows only there."""
        self._check(logs or {}, ", at the end of its epoch", "val_")

    def _check(self, logs: Logs, when: str, prefix: str) -> None:
        losses = {name: float(logs.get(prefix + name, 0.0)) for name in ("loss", "reconstruction", "kl")}
        bad = [name for name, loss in losses.items() if not math.isfinite(loss)]
        if not bad:
            return
        step = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        raise Diverged(
            f"Training stopped at step {step}{when}: not a finite number: {', '.join(bad)}. The usual cause is a "
            f"learning rate that is too high {self._remedy()}"
        )

    def _remedy(self) -> str:
        if self.run is None:
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            return f'(it is {rate:g}): compile with a tenth of it, or take dtype="float32".'
        kept = (
            f"The last good checkpoint is kept: {self.run.checkpoint('last')}."
            if self.run.trained
            else "No epoch was finished, so there is no checkpoint."
        )
        rate = self.run.config["training"]["lr"]
        return f"(it is {rate:g}): try --lr a tenth of it, or --precision float32. {kept}"


class Recorder(keras.callbacks.Callback):
    """Writes the log and the checkpoints after each epoch, and stops early when asked to.

    Args:
        run: Where to write.
        images: Training images in an epoch.
        settings: Says when to stop early.
    """

    def __init__(self, run: Run, images: int, settings: Settings) -> None:
        super().__init__()
        self.run = run
        self.images = images
        self.settings = settings

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Start the epoch's clock."""
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stop the clock of training at the last batch, before validation."""
        self.training_seconds = time.perf_counter() - self.started

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Record the epoch. The log comes first: resuming drops what it says beyond the checkpoint."""
        epoch += 1
        # The statistics were last filled by the validation that ended this epoch.
        each = self.model.latent_statistics.kl_per_dimension()
        entry = {
            "epoch": epoch,
            **{name: float(value) for name, value in (logs or {}).items()},
            **({} if each is None else {"val_kl_per_dimension": each.tolist()}),
            "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            "images_per_second": self.images / self.training_seconds,
            "seconds": time.perf_counter() - self.started,
        }
        log = self.run.record(entry)
        self.run.save(self.model, best=best_entry(log) is log[-1])
        if self.settings.stops_after(log):
            self.model.stop_training = True


class Pictures(keras.callbacks.Callback):
    """Draws samples of fixed latents and reconstructions of fixed images every few epochs, and after the last.

    Args:
        run: Where the pictures go.
        dataset: Gives the images.
        every: Epochs between pictures.
        epochs: Number of the last epoch.
    """

    def __init__(self, run: Run, dataset: Dataset, every: int, epochs: int) -> None:
        super().__init__()
        self.run, self.every, self.epochs = run, every, epochs
        self.split = dataset.validation

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Draw when it is time."""
        epoch += 1
        if epoch % self.every and epoch != self.epochs:
            return
        about, classes = {"run": self.run.name, "epoch": epoch}, self.run.classes
        samples = self.model.sample(64, seed=0, labels=self.model.evenly(64))
        title = tr("Prior samples: {run}, epoch {epoch}", **about)
        sheet = grid(samples, len(classes) or None, title=title, names=classes)
        save_figure(sheet, self.run.picture_path("samples", epoch))
        images = np.asarray(self.split.images[:10])
        reconstructions = self.model.reconstruct(images, labels_of(self.model, self.split, slice(10)))
        pairs = {text("image"): images, text("reconstruction"): reconstructions}
        title = tr("Validation images: {run}, epoch {epoch}", **about)
        save_figure(rows(pairs, title=title), self.run.picture_path("reconstructions", epoch))
