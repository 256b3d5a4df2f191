"""From single runs to the figures of the tables: spreads, ratios within a round, utilization, agreement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from statistics import fmean, median, variance
from typing import Any

Json = dict[str, Any]

REFERENCES = ("pythae", "PyTorch loop")
TOLERANCE_NATS = 2.0
STANDARD_ERRORS = 3.0


def spread(values: Iterable[float]) -> Json:
    """Minimum, median and maximum, and the values themselves."""
    values = list(values)
    return {"min": min(values), "median": median(values), "max": max(values), "all": values}


def summarize(agreement: Sequence[Json], runs: Sequence[Json], peaks: Sequence[Json], flops: float) -> Json:
    """All figures of the side-by-side.

    Args:
        agreement: The two-epoch runs.
        runs: The repetitions.
        peaks: Measured FLOP/s of matrix products.
        flops: Arithmetic per training image, the validation that goes with it included.
    """
    peak = {kind: max(entry[kind] for entry in peaks) for kind in ("float32", "bfloat16")}
    names = list(dict.fromkeys(run["row"] for run in runs))
    by_row = {name: [run for run in runs if run["row"] == name] for name in names}
    rows = {}
    for name, own in by_row.items():
        speed = spread(run["images_per_second"] for run in own)
        rows[name] = {
            "precision": own[0]["precision"],
            "jit_compile": own[0].get("jit_compile"),
            "versions": own[0]["versions"],
            "parameters": own[0]["parameters"],
            "epochs": own[0]["epochs"],
            "seconds": spread(run["seconds"] for run in own),
            "images_per_second": speed,
            "over": {reference: _ratios(own, by_row[reference]) for reference in REFERENCES},
            "utilization": {kind: speed["median"] * flops / value for kind, value in peak.items()},
            "peak_rss_mib": spread(run["peak_rss_mib"] for run in own),
            "first_step_seconds": spread(run["first_step_seconds"] for run in own),
            "test_elbo": spread(run["test_elbo"] for run in own),
        }
    return {
        "flops_per_image": flops,
        "peak_flops": peak,
        "foreign_cores": spread(run["foreign_cores"] for run in runs),
        "rows": rows,
        "agreement": agree({name: [run["test_elbo"] for run in agreement if run["row"] == name] for name in names}),
    }


def _ratios(own: Sequence[Json], other: Sequence[Json]) -> Json:
    """Speed over that of another stack in the same round."""
    theirs = {run["number"]: run["images_per_second"] for run in other}
    return spread(run["images_per_second"] / theirs[run["number"]] for run in own)


def agree(elbos: dict[str, list[float]]) -> Json:
    """Whether all stacks reach one test ELBO, beside the noise of the seed.

    The rule: the mean over the seeds of every stack lies within three standard errors of the difference from pythae's,
    or within 2 nats where that is more. The standard error comes from the variance over seeds, pooled over stacks.
    """
    seeds = len(next(iter(elbos.values())))
    pooled = fmean(variance(values) if len(values) > 1 else 0.0 for values in elbos.values())
    error = math.sqrt(2 * pooled / seeds)
    tolerance = max(STANDARD_ERRORS * error, TOLERANCE_NATS)
    reference = fmean(elbos[REFERENCES[0]])
    rows = {
        name: {
            "elbos": values,
            "mean": fmean(values),
            "difference": fmean(values) - reference,
            "agrees": abs(fmean(values) - reference) <= tolerance,
        }
        for name, values in elbos.items()
    }
    return {"seed_deviation": math.sqrt(pooled), "standard_error": error, "tolerance": tolerance, "rows": rows}


def failures(result: Json, parameters: int, seconds: float) -> list[str]:
    """What makes the measurement no fair one."""
    found = []
    for name, row in result["rows"].items():
        if row["parameters"] != parameters:
            found.append(f"{name} has {row['parameters']:,} parameters, the lesson's model {parameters:,}")
        if row["seconds"]["min"] < seconds:
            found.append(f"{name} had a repetition of {row['seconds']['min']:.1f} s, shorter than {seconds:g} s")
        agreement = result["agreement"]
        if not agreement["rows"][name]["agrees"]:
            found.append(
                f"{name} differs from {REFERENCES[0]} by {agreement['rows'][name]['difference']:.2f} nats, "
                f"more than {agreement['tolerance']:.2f}"
            )
    return found
