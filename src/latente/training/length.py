"""How long a run trains: by the size of the data, where nobody says."""

from __future__ import annotations

import math
from dataclasses import dataclass

from latente.errors import UserError

ENOUGH_STEPS = 3000
"""Optimizer steps that show what a model can do with small data."""
LEAST_BATCH, LARGEST_BATCH = 16, 128
LEAST_EPOCHS, MOST_EPOCHS = 30, 500
"""Every epoch validates and keeps the model: of few images, more of them would cost more than their steps."""


@dataclass(frozen=True)
class Length:
    """The numbers of a run.

    Attributes:
        images: Training images.
        batch_size: Images per optimizer step.
        epochs: Passes over the images.
    """

    images: int
    batch_size: int
    epochs: int

    @property
    def batches(self) -> int:
        """Optimizer steps in an epoch, the ragged last batch included."""
        return math.ceil(self.images / self.batch_size)

    @property
    def steps(self) -> int:
        """Optimizer steps in all."""
        return self.epochs * self.batches


def length(images: int, batch_size: int | None, epochs: int | None, steps: int | None) -> Length:
    """Complete what was asked for.

    The lesson's 55,000 images make 30 epochs in batches of 128. Fewer than 12,800 come in smaller batches, at least 16,
    and more often, for 3,000 steps. Where the epochs are given, the batch is 128 whatever the data.

    Args:
        images: Training images.
        batch_size: Images per step, or None.
        epochs: Passes over the images, or None.
        steps: Optimizer steps, which whole epochs round up; or None.

    Raises:
        UserError: Epochs and steps do not agree.
    """
    if batch_size is None:
        batch_size = LARGEST_BATCH if epochs else _batch_for(images)
    batches = math.ceil(images / batch_size)
    if steps is not None:
        needed = math.ceil(steps / batches)
        if epochs not in (None, needed):
            raise UserError(
                f"Give epochs or steps. Received both, {epochs} epochs and {steps} steps: with {images:,} images in "
                f"batches of {batch_size}, these steps make {needed} epochs."
            )
        return Length(images, batch_size, needed)
    if epochs is None:
        epochs = min(MOST_EPOCHS, max(LEAST_EPOCHS, math.ceil(ENOUGH_STEPS / batches)))
    return Length(images, batch_size, epochs)


def _batch_for(images: int) -> int:
    """The power of two that makes at least 100 batches of the images, within the bounds."""
    return max(LEAST_BATCH, min(LARGEST_BATCH, 2 ** int(math.log2(max(1, images // 100)))))
