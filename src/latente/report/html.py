"""One self-contained HTML file about a run."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path

import jinja2
import numpy as np
from matplotlib.figure import Figure

from latente import __version__
from latente.evaluation import evaluate
from latente.figures import curves
from latente.report import pictures
from latente.training.run import Run


def report(run: Run | str | Path, data_dir: str | None = None) -> Path:
    """Evaluate a run where that was not done yet, draw its pictures and write ``report.html``.

    Args:
        run: The run or its directory.
        data_dir: Where the data files are now, when not where they were.

    Returns:
        The path of the report: one file that needs no other.

    Raises:
        UserError: The run has no model yet, or its data are not there.
    """
    run = run if isinstance(run, Run) else Run(run)
    if run.metrics.get("elbo", {}).get("epoch") != run.best_epoch["epoch"]:  # none, or of an earlier epoch
        evaluate(run, data_dir=data_dir)
    sections = {title: _embed(figure) for title, figure in _figures(run, data_dir).items()}
    template = jinja2.Environment(
        loader=jinja2.PackageLoader("latente.report", "."), autoescape=True, undefined=jinja2.StrictUndefined
    ).get_template("report.html.jinja")
    text = template.render(
        run=run,
        log=run.log,
        metrics=run.metrics,
        sections=sections,
        config=json.dumps(run.config, indent=2),
        environment=json.dumps(run.environment, indent=2),
        version=__version__,
    )
    return run.write_report(text)


def _figures(run: Run, data_dir: str | None) -> dict[str, Figure]:
    vae, dataset = run.model(), run.data(data_dir)
    first, second = pictures.two_unlike(dataset.test)
    start, end = np.asarray(dataset.test.images[[first, second]])
    found = {
        "Samples from the prior": pictures.sample_figure(vae.sample(64, seed=0), run, temperature=1, seed=0),
        "Reconstructions": pictures.reconstruction_figure(vae, dataset, run),
        "Interpolation": pictures.interpolation_figure(
            vae.interpolate(start, end), start, end, f"{run.name}: from test image {first} to {second}"
        ),
        "Latent traversals": pictures.traversal_figure(vae, run),
        "Latent map": pictures.map_figure(vae, dataset, run),
        "Training": curves(run.log, run.name),
    }
    if vae.latent_dim == 2:
        found["Decoded latent plane"] = pictures.plane_figure(vae, run)
    return found


def _embed(figure: Figure) -> str:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, bbox_inches="tight")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
