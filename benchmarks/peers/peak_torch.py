"""The fastest 2048 x 2048 x 2048 matrix product in PyTorch, in FLOP/s."""

from __future__ import annotations

import json
import time

import torch

SIDE = 2048
LASTS = 3.0
"""Seconds: without units for bfloat16 a single product may take ten."""


def best(dtype: torch.dtype) -> float:
    """FLOP/s of the best of the products that fit in some seconds, the first left out."""
    a, b = (torch.randn(SIDE, SIDE).to(dtype) for _ in range(2))
    torch.matmul(a, b)
    seconds, started = [], time.perf_counter()
    while not seconds or time.perf_counter() - started < LASTS:
        start = time.perf_counter()
        torch.matmul(a, b)
        seconds.append(time.perf_counter() - start)
    return 2 * SIDE**3 / min(seconds)


if __name__ == "__main__":
    print(json.dumps({"float32": best(torch.float32), "bfloat16": best(torch.bfloat16)}))
