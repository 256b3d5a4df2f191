"""One self-contained HTML file about a run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from latente.evaluation import Diagnosis, Undiagnosed, diagnose_run, evaluate
from latente.figures import curves
from latente.language import text
from latente.report import pictures
from latente.report.page import embed, render
from latente.training.labels import labels_of
from latente.training.run import Run
from latente.version import __version__


def report(run: Run | str | Path, data_dir: str | None = None, progress: bool = False) -> Path:
    """Evaluate a run where that was not done yet, diagnose it, draw its pictures and write ``report.html``.

    Args:
        run: The run or its directory.
        data_dir: Where the data files are now, when not where they were.
        progress: Whether to tell on standard error that the evaluation takes place.

    Returns:
        The path of the report: one file that needs no other.

    Raises:
        UserError: The run has no model yet, or its data are not there.
    """
    run = run if isinstance(run, Run) else Run(run)
    ensure_evaluated(run, data_dir, progress)
    diagnosis, undiagnosed = _diagnose(run, data_dir)
    sections = {title: embed(figure) for title, figure in _figures(run, data_dir).items()}
    page = render(
        "report.html.jinja",
        run=run,
        log=run.log,
        metrics={name: metric for name, metric in run.metrics.items() if name != "diagnosis"},
        diagnosis=diagnosis,
        undiagnosed=undiagnosed,
        sections=sections,
        config=json.dumps(run.config, indent=2),
        environment=json.dumps(run.environment, indent=2),
    )
    return run.write_report(page)


def _diagnose(run: Run, data_dir: str | None) -> tuple[Diagnosis | None, str]:
    """The diagnosis, or why there is none."""
    try:
        return diagnose_run(run, data_dir), ""
    except Undiagnosed as reason:
        return None, reason.args[0]


def ensure_evaluated(run: Run, data_dir: str | None = None, progress: bool = False) -> None:
    """Evaluate a run whose figures are missing, or are those of an earlier epoch or another version of Latente.

    Args:
        run: The run.
        data_dir: Where the data files are now, when not where they were.
        progress: Whether to tell on standard error that it takes place.

    Raises:
        UserError: The run has no model yet, or its data are not there.
    """
    found = run.metrics.get("elbo", {})
    if (found.get("epoch"), found.get("latente")) != (run.best_epoch["epoch"], __version__):
        evaluate(run, data_dir=data_dir, progress=progress)


def _figures(run: Run, data_dir: str | None) -> dict[str, Figure]:
    vae, dataset = run.model(), run.data(data_dir)
    first, second = pictures.two_unlike(dataset.test)
    start, end = np.asarray(dataset.test.images[[first, second]])
    path = vae.interpolate(start, end, labels=labels_of(vae, dataset.test, [first, second]))
    samples = vae.sample(64, seed=0, labels=vae.evenly(64))
    title = pictures.path_title(vae, run, first, second)
    found = {
        text("Samples from the prior"): pictures.sample_figure(samples, run, temperature=1, seed=0),
        text("Reconstructions"): pictures.reconstruction_figure(vae, dataset, run),
        text("Interpolation"): pictures.interpolation_figure(path, start, end, title),
    }
    if not vae.discrete:
        found[text("Latent traversals")] = pictures.traversal_figure(vae, run)
    found |= {
        text("Latent map"): pictures.map_figure(vae, dataset, run),
        text("Training"): curves(run.log, run.name),
    }
    if not vae.discrete and vae.latent_dim == 2:
        found[text("Decoded latent plane")] = pictures.plane_figure(vae, run)
    return found
