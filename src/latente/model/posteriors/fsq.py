"""Codes on a fixed grid: each latent is rounded to one of a few levels."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from latente.errors import UserError
from latente.model.axes import Parameters, Tensor
from latente.model.posteriors.discrete import DiscretePosterior


class FSQ(DiscretePosterior):
    """Finite scalar quantization (Mentzer et al. 2023): no codebook to learn, to be committed to or to die.

    Each latent is bounded to (-1, 1) by tanh and rounded to the nearest of its levels, which are spread evenly from -1
    to 1 (the paper shifts even numbers of levels by half a step). A group has one latent for each entry of ``levels``,
    and their product is the number of codes.

    Args:
        levels: Levels of each latent of a group, at least 2 each; the paper's choices have 5 or more, such as 8,5,5,5
            for 1000 codes or 8,8,8,5,5,5 for 64,000.
    """

    def __init__(self, levels: tuple[int, ...] = (8, 5, 5, 5), **kwargs: Any) -> None:
        if not levels or min(levels) < 2 or math.prod(levels) >= 2**31:
            raise UserError(
                f"FSQ needs at least one number of levels, each at least 2, and fewer than 2^31 codes. Received "
                f"{tuple(levels)}."
            )
        super().__init__(codes=math.prod(levels), width=len(levels), **kwargs)
        self.levels = tuple(levels)

    def parameters(self, encoded: Tensor) -> Parameters:
        """``encoded`` after tanh, and ``indices`` ``(batch, positions)``."""
        return super().parameters(ops.tanh(encoded))

    def indices_of(self, encoded: Tensor) -> Tensor:
        """The levels of a group as the digits of one number, the first latent's the least (the paper's equation 2)."""
        grouped = ops.reshape(ops.stop_gradient(encoded), (-1, self.positions(encoded.shape[-1]), self.width))
        digits = ops.cast(ops.round((grouped + 1) / 2 * (self._levels("float32") - 1)), "int32")
        return ops.sum(digits * self._places(), axis=-1)

    def codes_of(self, indices: Tensor) -> Tensor:
        """The points of the grid that indices ``(batch, positions)`` stand for."""
        digits = ops.mod(ops.floor_divide(indices[..., None], self._places()), self._levels("int32"))
        codes = 2 * ops.cast(digits, "float32") / (self._levels("float32") - 1) - 1
        return ops.reshape(codes, (-1, indices.shape[-1] * self.width))

    def _levels(self, dtype: str) -> Tensor:
        return ops.convert_to_tensor(self.levels, dtype)

    def _places(self) -> Tensor:
        """What one step of each digit counts for."""
        return ops.convert_to_tensor([math.prod(self.levels[:i]) for i in range(self.width)], "int32")
