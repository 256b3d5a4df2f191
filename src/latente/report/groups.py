"""Runs grouped by config without seed, and their figures with mean and spread."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from latente.language import tr
from latente.options import shown_value
from latente.training.config import flag
from latente.training.run import Run
from latente.training.sweep import comparable

SEED = "training.seed"
FINGERPRINT = "data fingerprint"

BETTER = {
    **dict.fromkeys(("elbo", "log_likelihood", "precision", "recall", "density", "coverage", "class_coverage"), "↑"),
    **dict.fromkeys(("reconstruction", "bits_per_dimension", "reconstruction_mse", "frechet"), "↓"),
}
"""The better direction of a figure. Most others have none: a KL is a price, and more sharpness than real is noise."""


@dataclass(frozen=True)
class RunGroup:
    """Runs of one config that differ in the seed.

    Attributes:
        letter: Its short name in tables.
        options: The options that are not the same in all groups, by flag without hyphens, as on the command line.
        runs: Ordered by seed.
    """

    letter: str
    options: dict[str, str]
    runs: tuple[Run, ...]

    @property
    def title(self) -> str:
        """The options that tell it from the others."""
        return ", ".join(f"{name} {value}" for name, value in self.options.items()) or tr("one config")

    @property
    def label(self) -> str:
        """Letter and title."""
        return f"{self.letter}: {self.title}"

    @property
    def seeds(self) -> list[int]:
        """The seed of each run."""
        return [run.config["training"]["seed"] for run in self.runs]


@dataclass(frozen=True)
class Row:
    """One figure over all groups.

    Attributes:
        name: As in ``metrics.json``.
        unit: Its unit; empty where the runs have different ones.
        means: The mean over the runs of each group.
        spreads: The standard deviation (with n - 1) over the runs of each group; None for a single run.
        protocol: How it was measured, as far as that is the same for all runs.
        differs: What differs in how it was measured.
    """

    name: str
    unit: str
    means: tuple[float, ...]
    spreads: tuple[float | None, ...]
    protocol: dict[str, Any]
    differs: tuple[str, ...]

    @property
    def better(self) -> str:
        """An arrow in the better direction, or nothing."""
        return "↑" if "more is better" in self.unit else BETTER.get(_base(self.name), "")

    @property
    def section(self) -> str:
        """What the figure is about, as evaluation says: the bound, the latents, the samples."""
        return self.protocol.get("group", "")

    @property
    def best(self) -> tuple[int, ...]:
        """Which groups have the best mean; none where no direction is better, or all are equal."""
        if not self.better or len(set(self.means)) == 1:
            return ()
        best = max(self.means) if self.better == "↑" else min(self.means)
        return tuple(i for i, mean in enumerate(self.means) if mean == best)

    def cells(self) -> list[str]:
        """Mean and spread of each group, all with as many decimals."""
        largest = max(abs(mean) for mean in self.means)
        decimals = 2 if largest >= 2 else 3
        if all(mean.is_integer() for mean in self.means) and not any(self.spreads):
            decimals = 0
        spreads = ["" if spread is None else f" ± {spread:.{decimals}f}" for spread in self.spreads]
        # Adding zero takes the sign off a rounded minus zero.
        means = [f"{round(mean, decimals) + 0.0:.{decimals}f}" for mean in self.means]
        return [mean + spread for mean, spread in zip(means, spreads, strict=True)]


def groups_of(runs: Sequence[Run]) -> list[RunGroup]:
    """Group runs by config without seed (and by the content of their data), numerically by what differs."""
    found: dict[str, tuple[dict[str, Any], list[Run]]] = {}
    for run in runs:
        options = comparable(run.config) | {FINGERPRINT: run.environment["data_fingerprint"]}
        del options[SEED]
        found.setdefault(repr(options), (options, []))[1].append(run)
    keys = dict.fromkeys(key for options, _ in found.values() for key in options)
    differing = [key for key in keys if len({repr(options.get(key)) for options, _ in found.values()}) > 1]
    if any(key != FINGERPRINT and key.startswith("data.") for key in differing) and FINGERPRINT in differing:
        differing.remove(FINGERPRINT)  # other options of the data say it better
    ordered = sorted(found.values(), key=lambda each: [_rank(each[0].get(key)) for key in differing])
    return [
        RunGroup(
            chr(ord("A") + i % 26) + (str(i // 26) if i >= 26 else ""),
            {flag(key).removeprefix("--"): shown_value(options[key]) for key in differing if key in options},
            tuple(sorted(those, key=lambda run: run.config["training"]["seed"])),
        )
        for i, (options, those) in enumerate(ordered)
    ]


def _rank(value: Any) -> tuple[bool, float, str]:
    """Orders numbers by size, and the rest after them by text."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (not number, value if number else 0.0, "" if number else str(value))


def comparison_rows(groups: Sequence[RunGroup]) -> list[Row]:
    """The scalar figures that every run has, in the order of evaluation."""
    metrics = [[run.metrics for run in group.runs] for group in groups]
    every = [those for group in metrics for those in group]
    names = [name for name in every[0] if all(_is_scalar(those.get(name)) for those in every)]
    names = [name for name in names if "_standard_error" not in name]
    return [_row(name, metrics) for name in names]


def _row(name: str, metrics: Sequence[Sequence[Mapping[str, Any]]]) -> Row:
    values = [[float(those[name]["value"]) for those in group] for group in metrics]
    protocols = [
        {key: value for key, value in those[name].items() if key not in ("value", "unit", "epoch", "controls")}
        for group in metrics
        for those in group
    ]
    units = {those[name]["unit"] for group in metrics for those in group}
    keys = dict.fromkeys(key for protocol in protocols for key in protocol)
    same = {key: all(protocol.get(key) == protocols[0].get(key) for protocol in protocols) for key in keys}
    return Row(
        name,
        units.pop() if len(units) == 1 else "",
        tuple(statistics.fmean(those) for those in values),
        tuple(statistics.stdev(those) if len(those) > 1 else None for those in values),
        {key: protocols[0][key] for key in keys if same[key]},
        tuple(key for key in keys if not same[key]),
    )


def not_shared(runs: Sequence[Run]) -> list[str]:
    """The scalar figures that some runs have and others lack."""
    every = [run.metrics for run in runs]
    names = dict.fromkeys(name for those in every for name, metric in those.items() if _is_scalar(metric))
    return [name for name in names if not all(name in those for those in every)]


def _is_scalar(metric: Mapping[str, Any] | None) -> bool:
    value = (metric or {}).get("value")
    return isinstance(value, int | float) and not isinstance(value, bool)


def _base(name: str) -> str:
    """The name without the feature space in brackets and the split after the @."""
    return re.sub(r"[\[@].*", "", name)
