"""The transposed convolution of the decoder, in the form that the device computes fast."""

from __future__ import annotations

import itertools
from typing import Any

import keras
from keras import layers, ops

from latente.backend import has_accelerator

Tensor = Any


@keras.saving.register_keras_serializable(package="latente")
class Conv2DTranspose(layers.Conv2DTranspose):
    """Keras's layer with strides 2 and 'same' padding; on JAX without an accelerator as one matrix product.

    XLA computes the weight gradient of a strided transposed convolution about a hundred times too slowly on a CPU;
    the gradients of the matrix product are matrix products. The function and the weights are the same.
    """

    def call(self, inputs: Tensor) -> Tensor:
        """Images ``(batch, H, W, C)`` to ``(batch, 2 H, 2 W, filters)``."""
        if keras.backend.backend() == "jax" and not has_accelerator():
            return self.as_matrix_product(inputs)
        return super().call(inputs)

    def as_matrix_product(self, inputs: Tensor) -> Tensor:
        """The same function, with each 2 x 2 block of the output made from the input pixels around it.

        Output pixel 2 j + p takes input pixel j + s through kernel row t = p + before - 2 s, where ``before`` is what
        'same' padding puts before the first pixel; so for the columns.
        """
        size, before = self.kernel_size[0], (self.kernel_size[0] - 2) // 2
        shifts = range(-((size - 1 - before) // 2), (1 + before) // 2 + 1)
        _, height, width, channels = inputs.shape
        margin = max(-shifts[0], shifts[-1])
        padded = ops.pad(inputs, ((0, 0), (margin, margin), (margin, margin), (0, 0)))
        around = [
            padded[:, margin + down : margin + down + height, margin + right : margin + right + width]
            for down, right in itertools.product(shifts, shifts)
        ]
        kernel = ops.cast(ops.convert_to_tensor(self.kernel), inputs.dtype)  # (size, size, filters, channels)
        nothing = ops.zeros((channels, self.filters), inputs.dtype)

        def block(down: int, right: int, row: int, column: int) -> Tensor:
            taps = row + before - 2 * down, column + before - 2 * right
            inside = all(0 <= tap < size for tap in taps)
            return ops.transpose(kernel[taps[0], taps[1]]) if inside else nothing

        parities = list(itertools.product((0, 1), (0, 1)))
        matrix = ops.concatenate(
            [
                ops.concatenate([block(*shift, *parity) for parity in parities], axis=1)
                for shift in itertools.product(shifts, shifts)
            ],
            axis=0,
        )
        blocks = ops.matmul(ops.concatenate(around, axis=-1), matrix)
        blocks = ops.reshape(blocks, (-1, height, width, 2, 2, self.filters))
        outputs = ops.reshape(ops.transpose(blocks, (0, 1, 3, 2, 4, 5)), (-1, 2 * height, 2 * width, self.filters))
        return self.activation(outputs + ops.cast(ops.convert_to_tensor(self.bias), outputs.dtype))
