"""The lesson's model as a list of layers: how many parameters and how much arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class Layer:
    """A dense layer (kernel 1, one position) or a convolution.

    Attributes:
        inputs: Channels in.
        outputs: Channels out.
        kernel: Side of the kernel.
        positions: At how many places the kernel is applied: of the output, or of the input of a transposed one.
    """

    inputs: int
    outputs: int
    kernel: int = 1
    positions: int = 1

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.inputs * self.outputs * self.kernel**2 + self.outputs

    @property
    def multiplications(self) -> int:
        """Multiply-adds of one image forward; those with the zeros of the padding count."""
        return self.inputs * self.outputs * self.kernel**2 * self.positions


SMALLEST = (7, 7, 64)
LAYERS = (
    Layer(1, 32, kernel=3, positions=14 * 14),
    Layer(32, 64, kernel=3, positions=7 * 7),
    Layer(prod(SMALLEST), 128),
    Layer(128, 2 * 10),
    Layer(10, 128),
    Layer(128, prod(SMALLEST)),
    Layer(64, 64, kernel=3, positions=7 * 7),
    Layer(64, 32, kernel=3, positions=14 * 14),
    Layer(32, 1, kernel=3, positions=28 * 28),
)
PARAMETERS = sum(layer.parameters for layer in LAYERS)
FORWARD_FLOPS = 2 * sum(layer.multiplications for layer in LAYERS)
# Backward costs twice forward: the gradient of the weights and that of the input.
TRAINING_FLOPS = 3 * FORWARD_FLOPS
