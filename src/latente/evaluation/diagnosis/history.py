"""What is known of how a model was trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latente.training.health import FEW_STEPS


@dataclass(frozen=True)
class History:
    """What is known of the training.

    Attributes:
        log: One entry per epoch, with ``loss`` and, as far as known, ``val_elbo``, ``val_kl`` and
            ``val_kl_per_dimension``, as Latente logs them.
        loss: The mean loss that the training reported at its end.
        beta: The weight of the KL term that it meant to use.
        epochs: How many epochs were asked for.
        steps: How many optimizer steps were taken.
    """

    log: Sequence[Mapping[str, Any]] = ()
    loss: float | None = None
    beta: float | None = None
    epochs: int | None = None
    steps: int | None = None

    @property
    def few_steps(self) -> bool:
        """Whether there were so few steps that nothing else about the model is worth saying."""
        return self.steps is not None and self.steps < FEW_STEPS
