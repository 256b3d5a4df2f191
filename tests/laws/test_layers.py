"""The matrix-product form of the transposed convolution is the stock layer."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from latente.model.layers import Conv2DTranspose

pytestmark = pytest.mark.backend


class Fast(Conv2DTranspose):
    """The form that JAX takes on a CPU, on any backend."""

    def call(self, inputs):
        return self.as_matrix_product(inputs)


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7])
def test_it_is_the_stock_layer(size: int):
    """Outputs and, through one step of plain gradient descent, all gradients agree to 1e-5."""
    rng = np.random.default_rng(size)
    x = rng.normal(size=(3, 4, 5, 2)).astype("float32")
    y = rng.normal(size=(3, 8, 10, 3)).astype("float32")
    found = {}
    for kind in (layers.Conv2DTranspose, Fast):
        keras.utils.set_random_seed(0)
        # The first layer's weights move by the gradient that reaches the input of the second.
        model = keras.Sequential(
            [layers.Dense(2), kind(3, size, strides=2, padding="same", activation="tanh", bias_initializer="ones")]
        )
        model.compile(keras.optimizers.SGD(1.0), loss="mse", jit_compile=False)
        before = ops.convert_to_numpy(model(x))
        model.fit(x, y, epochs=1, verbose=0)
        found[kind] = [before, *(ops.convert_to_numpy(w) for w in model.weights)]
    for stock, fast in zip(*found.values(), strict=True):
        np.testing.assert_allclose(fast, stock, atol=1e-5)
