"""Which pixel value becomes black and which white."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from latente.errors import UserError

Range = tuple[float, ...]
"""The pixel values that become black and white, (low, high); empty for the ends of the scale."""

# Images with less than this share of their scale are nearly black, white or grey: 12 bits in 16 have a sixteenth.
SMALL = 1 / 4


@dataclass(frozen=True)
class Levels:
    """The pixel values that occur, and the end of the scale that they are on: 1, 255, 65,535, or NaN for no one."""

    low: float
    high: float
    full: float

    @classmethod
    def union(cls, several: Iterable[Levels]) -> Levels:
        """The levels of all images together; at least one."""
        low, high, full = zip(*((each.low, each.high, each.full) for each in several), strict=True)
        return cls(min(low), max(high), full[0] if len(set(full)) == 1 else math.nan)

    @property
    def option(self) -> str:
        """The flag that makes the lowest black and the highest white."""
        return f"--data.range {self.low:.10g},{self.high:.10g}"

    def notes(self, range_: Range) -> tuple[str, ...]:
        """What to know about images that use a small part of their scale; nothing of others, or if a range is given."""
        if range_ or not 0 < self.high - self.low < SMALL * self.full:
            return ()
        return (
            f"The pixel values go from {self.low:.10g} to {self.high:.10g}, a small part of 0 to {self.full:.10g}: the "
            f"images have little contrast. {self.option} stretches it.",
        )


def check_range(range_: Range) -> None:
    """Refuses what is no range.

    Raises:
        UserError: Not two finite numbers, the lower first.
    """
    if range_ and not (len(range_) == 2 and all(map(math.isfinite, range_)) and range_[0] < range_[1]):
        raise UserError(
            f"The option range must be two numbers LOW,HIGH, the values of black and of white, the lower first. "
            f"Received {','.join(f'{value:.10g}' for value in range_)}."
        )


def stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Pixel values of any kind and shape as uint8: low and what is below become 0, high and what is above 255."""
    scaled = (np.asarray(values, np.float64) - low) * (255 / (high - low))
    return np.rint(scaled.clip(0, 255)).astype(np.uint8)
