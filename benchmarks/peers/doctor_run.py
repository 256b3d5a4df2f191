"""Trains a case with Latente, changes what the case asks for, and prints what the diagnosis finds."""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import latente
from latente.evaluation import Diagnosis, diagnose, diagnose_run
from latente.training.config import resolve
from latente.training.sweep import ensure_trained

Array = np.ndarray
SAMPLES = 500


def main() -> None:
    """Train, diagnose and print the result line."""
    arguments = parser(__doc__).parse_args()
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.options.items()}
    asked = {"data": arguments.data, "seed": arguments.seed, "training.pictures_every": 0, **options}
    # Cases that change the same model share its training.
    name = hashlib.blake2b(json.dumps(asked, sort_keys=True).encode(), digest_size=8).hexdigest()
    config = resolve({**asked, "data.data_dir": arguments.data_dir})
    run = ensure_trained(config, arguments.runs / name, progress=False, loaded={})
    report(changed(run, arguments.change, arguments.seed) if arguments.change else diagnose_run(run))


def parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments of a case."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--data", required=True)
    made.add_argument("--data-dir", required=True)
    made.add_argument("--runs", type=Path, required=True, help="folder of the trained runs")
    made.add_argument("--seed", type=int, required=True)
    made.add_argument("--options", type=json.loads, required=True)
    made.add_argument("--change", choices=CHANGES, help="what is done to the trained model or its images")
    return made


def report(found: Diagnosis) -> None:
    """Print the result line, and the whole diagnosis to the log."""
    print(found, file=sys.stderr)
    by_severity = {
        severity: [finding.name for finding in found.findings if finding.severity == severity]
        for severity in ("sick", "remark")
    }
    # A model that gives NaN has no figures.
    shown = {name: found.figures.get(name) for name in ("active_units", "latent_dim", "effective_beta")}
    print(json.dumps(by_severity | shown))


def changed(run: latente.Run, change: str, seed: int) -> Diagnosis:
    """The diagnosis of the trained model after a change, as of a model written elsewhere."""
    vae, dataset = run.model(), run.data()

    def encode(x: Array) -> tuple[Array, Array]:
        q = vae.posterior_parameters(x)
        return q["z_mean"], q["z_log_var"]

    images = np.asarray(dataset.test.images)
    given = {"encode": encode, "decode": vae.decode, "images": images, "objective_beta": 1.0}
    return diagnose(**given | CHANGES[change](vae, encode, images, np.random.default_rng(seed)))


def prior_samples(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Samples as they should be."""
    return {"samples": vae.decode(rng.standard_normal((SAMPLES, vae.latent_dim)))}


def around_encodings(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Draws of the posteriors of test images."""
    mean, log_var = encode(images[:SAMPLES])
    return {"samples": vae.decode(mean + np.exp(log_var / 2) * rng.standard_normal(mean.shape))}


def few_codes(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Three codes decoded again and again."""
    codes = rng.standard_normal((3, vae.latent_dim))
    return {"samples": vae.decode(codes[rng.integers(0, 3, SAMPLES)])}


def constant(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """A decoder that shows the mean image."""
    mean = images.mean(axis=0) / 255
    return {"decode": lambda codes: np.broadcast_to(mean, (len(codes), *mean.shape))}


def saturated(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """A decoder that shows white."""
    return {"decode": lambda codes: np.ones((len(codes), *images.shape[1:]))}


def shifted(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Codes far from where the prior draws."""

    def moved(x: Array) -> tuple[Array, Array]:
        mean, log_var = encode(x)
        return 3 * mean + 4, log_var + 2 * np.log(3)

    return {"encode": moved, "decode": lambda codes: vae.decode((codes - 4) / 3)}


def bytes_as_floats(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Floats up to 255."""
    return {"images": images.astype("float32"), "encode": lambda x: encode(x / 255), "decode": vae.decode}


def inverted(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Held-out images dark for light."""
    return {"images": 255 - images}


def wide(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Log-variances of 30 and about."""
    return {"encode": lambda x: (encode(x)[0], encode(x)[1] + 30)}


def clipped(vae: Any, encode: Callable, images: Array, rng: np.random.Generator) -> dict[str, Any]:
    """Log-variances held at a bound."""
    return {"encode": lambda x: (encode(x)[0], np.full_like(encode(x)[1], -20.0))}


CHANGES = {
    change.__name__: change
    for change in (prior_samples, around_encodings, few_codes, constant, saturated)
    + (shifted, bytes_as_floats, inverted, wide, clipped)
}


if __name__ == "__main__":
    main()
