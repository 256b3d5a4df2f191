"""On TensorFlow: a loop within the graph over the step of Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from latente.training.feed import Segment


class Loop:
    """Steps as one graph for any size of batch and any number of them.

    Args:
        vae: The model.
        train: Whether to take steps of training.
    """

    def __init__(self, vae: keras.Model, train: bool) -> None:
        step = vae.train_step if train else vae.test_step
        total = next(metric for metric in vae.metrics if metric.name == "loss").total

        images, numbers = tf.TensorSpec((None, *vae.image_shape), "uint8"), tf.TensorSpec((None,), "int32")
        arrays = {"images": images, "labels": numbers} if vae.classes else images
        # Where TensorFlow knows the size of a batch, it rounds otherwise than in a step of Keras's.
        signature = [arrays, tf.TensorSpec((None, None), "int32"), *2 * [tf.TensorSpec((), "int32")]]

        @tf.function(input_signature=signature, autograph=False, jit_compile=vae.jit_compile)
        def steps(arrays: Any, rows: Any, first: Any, last: Any) -> dict[str, Any]:
            def going(number: Any) -> Any:
                return (number < last) & tf.math.is_finite(total.value)

            def body(number: Any) -> Any:
                step((tf.nest.map_structure(lambda array: tf.gather(array, rows[number]), arrays),))
                return number + 1

            tf.while_loop(going, body, [first], parallel_iterations=1)
            return vae.get_metrics_result()

        self._steps = steps

    def state(self) -> None:
        """The steps change the model itself."""

    def take(self, segment: Segment, state: None) -> tuple[dict[str, Any], None]:
        """Take the steps of a segment."""
        return self._steps(segment.arrays, segment.rows, segment.first, segment.last), None

    def function(self, take: Callable[[int, None], tuple[dict[str, Any], None]]) -> Callable[..., Any]:
        """As Keras calls it."""

        def function(numbers: Any) -> dict[str, Any]:
            return take(int(next(numbers)), None)[0]

        return function
