"""What a diagnosis says.

Names and figures are identifiers, the same in every language. Evidence, cause and remedy are texts: English strings
that ``print`` shows in the reader's language. As JSON, and so in ``metrics.json`` and over HTTP, a finding has them in
English and, under ``translations``, in every other language: whoever reads it later chooses, and needs no Latente to.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from latente.language import LANGUAGES, shown, text, tr

WIDTH = 80
"""Columns of the printed diagnosis."""

Figures = dict[str, Any]

PARTS = {"evidence": text("evidence"), "cause": text("cause"), "remedy": text("remedy")}
SEVERITIES = {"sick": text("sick"), "remark": text("remark")}


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    Attributes:
        name: Its stable name, such as ``"posterior-collapse"``.
        severity: ``"sick"`` needs a cure; a ``"remark"`` is worth knowing and leaves a model healthy.
        evidence: What was measured, in words with figures.
        figures: The same figures as numbers.
        cause: The likely cause.
        remedy: What to do: a concrete option of Latente, and its equivalent in plain Keras.
    """

    name: str
    severity: Literal["sick", "remark"]
    evidence: str
    figures: Figures
    cause: str
    remedy: str

    def __str__(self) -> str:
        lines = [f"{shown(SEVERITIES[self.severity]).upper()}: {self.name}"]
        for name, part in PARTS.items():
            start = f"  {shown(part) + ':':<10}"
            lines += textwrap.wrap(
                shown(getattr(self, name)), WIDTH, initial_indent=start, subsequent_indent=" " * len(start)
            )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """As plain values, the texts in English and under ``translations`` in the other languages."""
        translations = {
            language: {name: shown(getattr(self, name), language) for name in PARTS}
            for language in LANGUAGES
            if language != "en"
        }
        return vars(self) | {"figures": _plain(self.figures), "translations": translations}


@dataclass(frozen=True)
class Diagnosis:
    """The verdict on a VAE, what it rests on, and the pictures that show it.

    Attributes:
        findings: What was found, the sick first.
        figures: What was measured, by name; a figure that could not be measured is None.
        plots: Arrays for the picture, by the names that ``latente.figures.diagnosis_page`` takes.
    """

    findings: tuple[Finding, ...]
    figures: Figures
    plots: dict[str, Any] = field(repr=False)

    @property
    def healthy(self) -> bool:
        """Whether no finding is sick."""
        return not any(finding.severity == "sick" for finding in self.findings)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the findings."""
        return tuple(finding.name for finding in self.findings)

    def __str__(self) -> str:
        sick = sum(finding.severity == "sick" for finding in self.findings)
        if self.healthy:
            verdict = tr("Verdict: healthy")
        else:
            verdict = tr("Verdict: sick: 1 finding") if sick == 1 else tr("Verdict: sick: {n} findings", n=sick)
        width = max(map(len, self.figures)) + 2
        lines = [verdict, ""]
        for name, value in self.figures.items():
            lines += textwrap.wrap(
                _shown(value), WIDTH, initial_indent=f"  {name:<{width}}", subsequent_indent=" " * (width + 2)
            )
        return "\n".join([*lines, *(f"\n{finding}" for finding in self.findings)])

    def to_json(self) -> dict[str, Any]:
        """Verdict, findings and figures as plain values, the same whatever the reader's language."""
        findings = [finding.to_json() for finding in self.findings]
        return {"healthy": self.healthy, "findings": findings, "figures": _plain(self.figures)}

    def save(self, path: str | Path) -> Path:
        """Draw the evidence on one page and write it as PNG.

        Args:
            path: The file, or a folder that gets ``diagnosis.png``.

        Returns:
            The path of the picture.
        """
        from latente.figures import save_figure
        from latente.figures.diagnosis import diagnosis_page

        path = Path(path)
        if path.suffix.lower() != ".png":
            path = path / "diagnosis.png"
            path.parent.mkdir(parents=True, exist_ok=True)
        title = tr("healthy") if self.healthy else ", ".join(f.name for f in self.findings if f.severity == "sick")
        return save_figure(diagnosis_page(**self.plots, title=title), path)


def _shown(value: Any) -> str:
    if value is None:
        return tr("cannot be measured here")
    if isinstance(value, bool | np.bool_ | int | str):
        return str(value)
    if np.ndim(value):
        return " ".join(f"{number:.3g}" for number in value)
    return f"{value:.4g}"


def _plain(value: Any) -> Any:
    """NumPy values as Python's own, NaN and infinity as None, for JSON."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(part) for part in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
