"""Layers that Keras has not, or not in the form that the device computes fast."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import layers, ops

from latente.backend import has_accelerator
from latente.model.numerics import Tensor


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


@keras.saving.register_keras_serializable(package="latente")
class ResidualBlock(layers.Layer):
    """``x + f(x)``, f being twice normalization, activation and 3 x 3 convolution (He et al. 2016, fig. 4e).

    The last convolution starts at zero, so that a new block is the identity and a deep stack trains from the first
    step on (Zhang et al. 2019; Ho et al. 2020).

    Args:
        groups: Groups of the normalization, by which the number of channels is divisible.
        activation: Keras name of the activation.
    """

    def __init__(self, groups: int, activation: str = "silu", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = groups
        self.activation = activation

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, among them the dtype policy, which Keras does not write by itself."""
        return {**super().get_config(), "groups": self.groups, "activation": self.activation}

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Make the weights for maps ``(batch, H, W, C)``."""
        policy = self.dtype_policy
        common = {"padding": "same", "data_format": "channels_last", "dtype": policy}
        stack: list[layers.Layer] = []
        for start in ("glorot_uniform", "zeros"):
            stack.append(layers.GroupNormalization(self.groups, dtype=policy))
            stack.append(layers.Activation(self.activation, dtype=policy))
            stack.append(layers.Conv2D(input_shape[-1], 3, kernel_initializer=start, **common))
        self.residual = sequential(input_shape[1:], stack, name=f"{self.name}_residual")

    def call(self, inputs: Tensor) -> Tensor:
        """Maps ``(batch, H, W, C)`` to maps of the same shape."""
        return inputs + self.residual(inputs)


@keras.saving.register_keras_serializable(package="latente")
class SelfAttention(layers.Layer):
    """``x`` plus what each pixel gathers from all others by dot-product attention (Wang et al. 2018, non-local block).

    One head; the last weights start at zero, as in ``ResidualBlock``. The attention matrix of an image has
    ``(H * W)**2`` entries: for small maps.

    Args:
        groups: Groups of the normalization, by which the number of channels is divisible.
    """

    def __init__(self, groups: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.groups = groups

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, as for ``ResidualBlock``."""
        return {**super().get_config(), "groups": self.groups}

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Make the weights for maps ``(batch, H, W, C)``."""
        _, self.height, self.width, self.channels = input_shape
        policy = self.dtype_policy
        self.normalization = layers.GroupNormalization(self.groups, dtype=policy, name=f"{self.name}_normalization")
        # Without a bias: that of the keys would add the same to all scores of a pixel, which changes no weight.
        self.projection = layers.Dense(3 * self.channels, use_bias=False, dtype=policy, name=f"{self.name}_projection")
        self.output_projection = layers.Dense(
            self.channels, kernel_initializer="zeros", dtype=policy, name=f"{self.name}_output_projection"
        )
        for layer in (self.normalization, self.projection, self.output_projection):
            layer.build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        """Maps ``(batch, H, W, C)`` to maps of the same shape."""
        projected = self.projection(self.normalization(inputs))
        heads = ops.reshape(projected, (-1, self.height * self.width, 3, self.channels))
        query, key, value = (heads[:, :, i : i + 1] for i in range(3))  # each (batch, H * W, 1, C)
        gathered = ops.nn.dot_product_attention(query, key, value)
        return inputs + self.output_projection(ops.reshape(gathered, (-1, self.height, self.width, self.channels)))


def sequential(input_shape: Sequence[int | None], stack: Iterable[layers.Layer], name: str) -> keras.Sequential:
    """One layer after another, built, with the names that Keras gives in a new process: ``dense``, ``dense_1``, ...

    Keras itself counts on through a process. A model's names, and with them its file on PyTorch, would depend on what
    was built before it.

    Args:
        input_shape: Without the batch.
        stack: The layers, not yet built.
        name: Name of the whole.
    """
    stack, seen = list(stack), Counter[str]()
    for layer in stack:
        kind = re.sub(r"_\d+$", "", layer.name)
        layer.name = f"{kind}_{seen[kind]}" if seen[kind] else kind
        seen[kind] += 1
    return keras.Sequential([layers.Input(input_shape), *stack], name=name)
