"""Interpolations: is the path between two images even, and does its middle look real?

A pixel cross-fade is smooth and meaningless: its frames are two ghosts. So every figure stands beside that of the
cross-fade, and of noise between the same ends.
"""

from __future__ import annotations

import numpy as np

from latente.errors import UserError
from latente.pixels import RESOLUTION
from latente.seeds import drawing


def smoothness(paths: np.ndarray) -> np.ndarray:
    """The largest step along each path over its mean step: 1 is even, and the number of steps is one single leap.

    A path that moves no farther than its features' rounding is even.

    Args:
        paths: Features of the frames, ``(paths, frames, features)``.

    Returns:
        ``(paths,)``.

    Raises:
        UserError: Paths of fewer than two frames.
    """
    if paths.ndim != 3 or paths.shape[1] < 2:
        raise UserError(f"Expected paths (paths, frames, features) of at least 2 frames. Received {paths.shape}.")
    steps = np.linalg.norm(np.diff(paths.astype("float64"), axis=1), axis=2)
    mean = steps.mean(axis=1)
    moves = mean > RESOLUTION * np.linalg.norm(paths[:, 0], axis=1)
    return np.divide(steps.max(axis=1), mean, out=np.ones(len(paths)), where=moves)


def noise_between(starts: np.ndarray, ends: np.ndarray, frames: int, seed: int = 0) -> np.ndarray:
    """Uniform noise between pairs of images: the control that is neither smooth nor real; see ``cross_fade``."""
    paths = drawing(seed, "noise between images").random((len(starts), frames, *starts.shape[1:]), "float32")
    paths[:, 0], paths[:, -1] = starts, ends
    return paths
