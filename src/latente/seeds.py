"""Random numbers that follow from a user's seed and from what they are for, and from nothing else.

A seed is never used as it is. Keras draws on PyTorch from the sum of the seed and a counter, so that seed 1 would
repeat the noise of seed 0 one step later; and two purposes with one seed would draw the same numbers.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from latente.errors import UserError

if TYPE_CHECKING:
    import keras


def spread(seed: int, purpose: str) -> int:
    """A seed below 2**31, which Keras takes on every backend, unlike that of any other seed or purpose."""
    return int(_sequence(seed, purpose).generate_state(1)[0] >> 1)


def drawing(seed: int, purpose: str, *indices: int) -> np.random.Generator:
    """NumPy's random numbers for that purpose; where it has parts, such as epochs, for the part of these indices."""
    return np.random.default_rng(_sequence(seed, purpose, *indices))


def noise(seed: int | None, purpose: str) -> keras.random.SeedGenerator:
    """Keras's random numbers for that purpose; ``None`` draws anew each time."""
    import keras

    return keras.random.SeedGenerator(None if seed is None else spread(seed, purpose), name=purpose.replace(" ", "_"))


def _sequence(seed: int, purpose: str, *indices: int) -> np.random.SeedSequence:
    if seed < 0:
        raise UserError(f"seed must be at least 0. Received {seed}.")
    # NumPy fills up with zeros, so that [seed, 1] and [seed, 1, 0] are one: the purpose says how many indices follow.
    return np.random.SeedSequence([seed, zlib.crc32(purpose.encode()), *indices])
