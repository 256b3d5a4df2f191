"""The doctor's record: sick and healthy models are trained, and diagnosed by what is measured on them alone.

Each case is trained anew for every seed, in a process of its own. The thresholds of the diagnosis were set on other
seeds (100 and up). A stopped run goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import children
import machine
import tables
from children import Journal, Json


@dataclass(frozen=True)
class Case:
    """One patient.

    Attributes:
        name: As the table calls it.
        data: Data set.
        options: Of ``latente.train``.
        expected: The finding that must be named; None for a healthy model.
        change: What is done to the trained model or its images before the diagnosis, a function of ``doctor_run.py``.
        program: ``doctor_run``, or the program that trains a VAE written outside Latente.
    """

    name: str
    data: str
    options: dict[str, Any] = field(default_factory=dict)
    expected: str | None = None
    change: str = ""
    program: str = "doctor_run"


DENSE = {"network": "Dense", "network.hidden": [256, 128]}
GARMENTS = {**DENSE, "data.subset": 10_000, "epochs": 20}
DIGITS = {**DENSE, "epochs": 80, "lr": 2e-3}
CONV = {"data.subset": 10_000, "epochs": 8}


def garments(name: str, expected: str | None = None, change: str = "", **options: Any) -> Case:
    """A dense model of 10,000 garments, with other options."""
    return Case(name, "fashion-mnist", {**GARMENTS, **options}, expected, change)


HEALTHY = (
    garments("garments"),
    Case("garments, convolutional", "fashion-mnist", CONV),
    garments("garments, beta 0.5", beta=0.5),
    garments("garments, beta 4", beta=4),
    garments("garments, 2 latents", latent_dim=2),
    garments("garments, Gaussian", likelihood="Gaussian", **{"likelihood.std": 0.15}),
    garments("garments, learned scale", likelihood="Gaussian", **{"likelihood.scale": "global"}),
    garments("garments, true prior samples", change="prior_samples"),
    Case("MNIST, binary, 16 latents", "mnist", {**GARMENTS, "latent_dim": 16, "data.binarize": "dynamic"}),
    Case("digits", "digits", DIGITS),
    Case("digits, 2 latents", "digits", {**DIGITS, "latent_dim": 2}),
    Case("digits, Gaussian", "digits", {**DIGITS, "likelihood": "Gaussian", "likelihood.std": 0.2}),
    Case("shapes", "shapes", {**GARMENTS, "data.test": 2000, "data.validation": 1000, "latent_dim": 6, "epochs": 12}),
    Case("plain Keras", "fashion-mnist", {"reduction": "sum"}, program="doctor_keras"),
)
SICK = (
    Case("lr 3e-2", "fashion-mnist", {**CONV, "network.activation": "relu", "epochs": 3, "lr": 3e-2},
         "posterior-collapse"),
    garments("beta 200", "kl-dominates-from-start", beta=200),
    garments("beta 50", "partial-collapse", beta=50),
    garments("beta 30", "blur", beta=30),
    garments("beta 0", "autoencoder", objective="Autoencoder"),
    garments("beta 0.01", "autoencoder", beta=0.01),
    Case("200 garments, 300 epochs", "fashion-mnist", {**GARMENTS, "data.subset": 200, "batch_size": 50, "epochs": 300},
         "overfitting"),
    garments("one epoch", "stopped-too-early", epochs=1),
    Case("plain Keras, mean over pixels", "fashion-mnist", {"reduction": "mean"}, "loss-averaged-over-pixels",
         program="doctor_keras"),
    Case("plain Keras, lr 1", "fashion-mnist", {"reduction": "sum", "lr": 1.0}, "diverged", program="doctor_keras"),
    garments("codes shifted and stretched", "prior-mismatch", "shifted"),
    garments("samples around encodings", "samples-around-encodings", "around_encodings"),
    garments("samples of three codes", "few-modes", "few_codes"),
    garments("decoder that shows the mean", "decoder-ignores-z", "constant"),
    garments("decoder that shows white", "decoder-saturated", "saturated"),
    garments("images up to 255", "data-out-of-range", "bytes_as_floats"),
    garments("images inverted", "data-inverted", "inverted"),
    garments("log-variance plus 30", "log-variance-exploded", "wide"),
    garments("log-variance clipped at -20", "log-variance-clamped", "clipped"),
)  # fmt: skip


def main() -> int:
    """Train, diagnose, write ``results/doctor.json`` and print the table; 1 if a case was not diagnosed rightly."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, default=children.DATA_DIR, help="folder of the data sets")
    parser.add_argument("--seeds", type=int, default=2, help="trainings of each case (default: 2)")
    parser.add_argument("--first-seed", type=int, default=0, help="the first seed; thresholds were set on 100 and up")
    arguments = parser.parse_args()
    settings = {"code": machine.code(), "machine": machine.describe(), "first_seed": arguments.first_seed}
    journal = Journal(children.RESULTS / "doctor.jsonl", settings)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    rows = [diagnose(journal, case, seed, arguments.data_dir) for seed in seeds for case in (*HEALTHY, *SICK)]
    result = {**settings, "seeds": list(seeds), "rows": rows}
    children.write_json(children.RESULTS / "doctor.json", result)
    print(tables.doctor(result))
    return 0 if all(row["right"] for row in rows) else 1


def diagnose(journal: Journal, case: Case, seed: int, data_dir: Path) -> Json:
    """The findings of one training of a case; right if a sick model got its name, and a healthy one none."""
    options = {
        "data": case.data,
        "data-dir": data_dir.resolve(),
        "runs": children.WORK / f"doctor-{journal.settings['code']['commit'][:10]}",
        "seed": seed,
        "options": json.dumps(case.options),
        **({"change": case.change} if case.change else {}),
    }
    words = [word for name, value in options.items() for word in (f"--{name}", value)]
    found = journal.measure({"case": case.name, "seed": seed}, "latente", case.program, *words, timed=False)
    right = case.expected in found["sick"] if case.expected else not found["sick"]
    return {**found, "expected": case.expected, "right": right}


if __name__ == "__main__":
    sys.exit(main())
