"""How a model is trained: the options of the training section of a config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import keras

from latente.errors import UserError
from latente.training import trackers
from latente.training.length import Length, length
from latente.training.log import Log, best_entry


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a model is trained, whatever the model.

    Args:
        epochs: Passes over the training images; by default 30, and more of less than 12,800 images, for 3000 steps.
        batch_size: Images per optimizer step; by default 128, and down to 16 of less than 12,800 images unless the
            epochs are given.
        steps: Optimizer steps, rounded up to whole epochs: another way to say the epochs.
        lr: Learning rate of Adam at the start.
        lr_schedule: 'cosine' lowers the learning rate to zero over the run; 'constant' keeps it.
        clip_norm: Longest gradient of a step, all weights together; a longer one is shortened to it. 0 clips nothing.
        ema: Share of the old average in each step's exponential moving average of the weights, which then validates,
            draws and is kept; 0.999 averages about the last 1000 steps, 0 leaves it out.
        patience: Stop after so many epochs without a better validation ELBO; 0 never stops early.
        seed: One seed for the initial weights, the order of the data and the noise.
        precision: 'float32' multiplies in full everywhere; 'tf32' keeps 10 of 23 bits of each factor on NVIDIA's GPUs
            and is 'float32' elsewhere; 'bfloat16' computes both networks in 16 bits, which some processors do faster;
            'auto' takes it where they do. Evaluation is in full float32 whatever trained the model.
        pictures_every: Epochs between sample and reconstruction grids; 0 draws none.
        track: Send the log, the pictures and the config to 'tensorboard' (event files in the run directory) or 'mlflow'
            (the store that MLFLOW_TRACKING_URI names) as well.
    """

    epochs: int | None = None
    batch_size: int | None = None
    steps: int | None = None
    lr: float = 1e-3
    lr_schedule: Literal["cosine", "constant"] = "cosine"
    clip_norm: float = 0.0
    ema: float = 0.0
    patience: int = 0
    seed: int = 0
    precision: Literal["auto", "float32", "tf32", "bfloat16"] = "auto"
    pictures_every: int = 5
    track: str = "none"

    def __post_init__(self) -> None:
        if not 0 < self.lr < float("inf"):
            raise UserError(f"lr must be a positive number. Received {self.lr}.")
        if not 0 <= self.clip_norm < float("inf"):
            raise UserError(f"clip_norm must be a number of at least 0. Received {self.clip_norm}.")
        if not 0 <= self.ema < 1:
            raise UserError(f"ema must be at least 0 and below 1, such as 0.999. Received {self.ema}.")
        least = {"epochs": 1, "batch_size": 1, "steps": 1, "patience": 0, "seed": 0, "pictures_every": 0}
        for name, minimum in least.items():
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise UserError(f"{name} must be at least {minimum}. Received {value}.")
        if self.track not in ("none", *trackers.NAMES):
            raise UserError(f"track must be one of none, {', '.join(trackers.NAMES)}. Received {self.track!r}.")
        if self.seed >= 2**32:
            raise UserError(f"seed must be below 2**32. Received {self.seed}.")

    def length(self, images: int) -> Length:
        """The numbers of a run on so many training images; see ``latente.training.length``."""
        return length(images, self.batch_size, self.epochs, self.steps)

    def optimizer(self, steps: int) -> keras.optimizers.Optimizer:
        """Keras's Adam (Kingma & Ba 2015) for a run of ``steps`` optimizer steps."""
        rate = keras.optimizers.schedules.CosineDecay(self.lr, steps) if self.lr_schedule == "cosine" else self.lr
        averaging = {"use_ema": True, "ema_momentum": self.ema} if self.ema else {}
        return keras.optimizers.Adam(rate, global_clipnorm=self.clip_norm or None, **averaging)

    def stops_after(self, log: Log) -> bool:
        """Whether training ends with this log: at its last epoch, or after ``patience`` epochs without improvement."""
        if not log:
            return False
        stale = log[-1]["epoch"] - best_entry(log)["epoch"]
        at_end = self.epochs is not None and len(log) >= self.epochs
        return at_end or bool(self.patience and stale >= self.patience)
