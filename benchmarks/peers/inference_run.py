"""Times the encoding of test images and their importance-sampled bound, by a new model: the arithmetic is the same."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from typing import Any

import common


def main() -> None:
    """Measure, the first encoding of all left out, and print the result line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    for name in ("images", "samples", "rounds"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    images = common.splits(arguments.data, 0)["test"][: arguments.images]

    import latente
    from latente import evaluation

    vae = latente.VAE((common.SIDE, common.SIDE, 1), common.LATENTS)
    vae.encode(images)
    encoding = [seconds(lambda: vae.encode(images)) for _ in range(arguments.rounds)]
    bounding = [
        seconds(lambda: evaluation.log_likelihood(vae, images, samples=arguments.samples, seed=0))
        for _ in range(arguments.rounds)
    ]
    print(
        json.dumps({"encode_seconds": encoding, "log_likelihood_seconds": bounding, "peak_rss_mib": common.peak_rss()})
    )


def seconds(action: Callable[[], Any]) -> float:
    """How long an action takes."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
