"""How many of its codes a discrete posterior uses."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from latente.model.numerics import Tensor


@keras.saving.register_keras_serializable(package="latente")
class CodeUsage(keras.metrics.Metric):
    """Perplexity and usage of the codes over all examples seen since the reset, so over an epoch in a log.

    ``perplexity`` is the exponential of the entropy of the codes' frequencies: that many codes, used equally often,
    would be as varied. ``code_usage`` is the share of the codes seen at least once. Of several codebooks, the average.

    Args:
        codes: Codes of a codebook.
        codebooks: Codebooks, which take turns along the positions of a sequence.
    """

    def __init__(self, codes: int, codebooks: int = 1, name: str = "code_usage", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.codes = codes
        self.codebooks = codebooks
        self.counts = self.add_variable(shape=(codebooks, codes), initializer="zeros", name="counts")

    def update_state(self, indices: Tensor) -> None:
        """Add sequences of indices ``(batch, positions)``."""
        turns = ops.reshape(indices, (-1, self.codebooks)) + self.codes * ops.arange(self.codebooks, dtype="int32")
        self.counts.assign_add(ops.reshape(counted(turns, self.codebooks * self.codes), self.counts.shape))

    def result(self) -> dict[str, Tensor]:
        """``perplexity`` and ``code_usage``."""
        counts = ops.convert_to_tensor(self.counts)
        shares = counts / ops.maximum(ops.sum(counts, axis=-1, keepdims=True), 1.0)
        entropy = -ops.sum(shares * ops.log(ops.maximum(shares, 1e-30)), axis=-1)
        return {
            "perplexity": ops.mean(ops.exp(entropy)),
            "code_usage": ops.mean(ops.cast(counts > 0, "float32")),
        }


def counted(indices: Tensor, codes: int) -> Tensor:
    """How often each code occurs in indices of any shape, ``(codes,)`` in float32."""
    flat = ops.reshape(indices, (-1,))
    return ops.segment_sum(ops.ones_like(flat, dtype="float32"), flat, num_segments=codes)
