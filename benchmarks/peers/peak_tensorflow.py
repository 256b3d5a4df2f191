"""The fastest 2048 x 2048 x 2048 matrix product in TensorFlow, in FLOP/s."""

from __future__ import annotations

import json
import time

import tensorflow as tf

SIDE = 2048
LASTS = 3.0
"""Seconds: without units for bfloat16 a single product may take ten."""


def best(dtype: tf.DType) -> float:
    """FLOP/s of the best of the products that fit in some seconds, the first left out."""
    a, b = (tf.cast(tf.random.normal((SIDE, SIDE)), dtype) for _ in range(2))
    tf.matmul(a, b)
    seconds, started = [], time.perf_counter()
    while not seconds or time.perf_counter() - started < LASTS:
        start = time.perf_counter()
        tf.matmul(a, b)
        seconds.append(time.perf_counter() - start)
    return 2 * SIDE**3 / min(seconds)


if __name__ == "__main__":
    print(json.dumps({"float32": best(tf.float32), "bfloat16": best(tf.bfloat16)}))
