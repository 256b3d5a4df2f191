"""How the weights move: the optimizer's part of the training section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from latente.errors import UserError


@dataclass(frozen=True)
class Optimization:
    """Adam (Kingma & Ba 2015) and what is done to its steps; ``Settings`` documents each option."""

    lr: float = 1e-3
    lr_schedule: Literal["cosine", "constant"] = "cosine"
    clip_norm: float = 0.0
    ema: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.lr < float("inf"):
            raise UserError(f"lr must be a positive number. Received {self.lr}.")
        if not 0 <= self.clip_norm < float("inf"):
            raise UserError(f"clip_norm must be a number of at least 0. Received {self.clip_norm}.")
        if not 0 <= self.ema < 1:
            raise UserError(f"ema must be at least 0 and below 1, such as 0.999. Received {self.ema}.")

    def optimizer(self, steps: int) -> Any:
        """Keras's Adam for a run of ``steps`` optimizer steps."""
        import keras

        rate = keras.optimizers.schedules.CosineDecay(self.lr, steps) if self.lr_schedule == "cosine" else self.lr
        averaging = {"use_ema": True, "ema_momentum": self.ema} if self.ema else {}
        return keras.optimizers.Adam(rate, global_clipnorm=self.clip_norm or None, **averaging)
