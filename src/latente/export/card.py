"""The model card of a run on the Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from latente.figures import save_figure
from latente.report.page import render
from latente.report.pictures import sample_figure, traversal_figure
from latente.training.public import public_config
from latente.training.run import Run


def write_card(run: Run, repo: str, folder: Path, path: Path, license: str | None) -> None:
    """Write the card and its pictures, which the model draws: data sets may forbid to show their images.

    Args:
        run: The run.
        repo: Its name on the Hub.
        folder: Where the pictures go.
        path: Where the card goes.
        license: Licence of the weights, or none.
    """
    vae = run.model()
    pictures = {"samples": sample_figure(vae.sample(64, labels=vae.evenly(64)), run, temperature=1, seed=0)}
    if not vae.discrete:
        pictures["traversals"] = traversal_figure(vae, run)
    for name, figure in pictures.items():
        save_figure(figure, folder / f"{name}.png")
    numbers = {name: metric for name, metric in run.metrics.items() if isinstance(metric.get("value"), int | float)}
    metrics = {name: metric for name, metric in numbers.items() if name != "diagnosis"}
    text = render(
        "card.md.jinja",
        __package__,
        metadata=yaml.safe_dump(_metadata(run, metrics, license), sort_keys=False, allow_unicode=True),
        run=run,
        config=public_config(run),
        repo=repo,
        pictures=list(pictures),
        metrics=metrics,
        config_file=yaml.safe_dump(public_config(run), sort_keys=False),
    )
    path.write_text(text, encoding="utf-8")


def _metadata(run: Run, metrics: dict[str, Any], license: str | None) -> dict[str, Any]:
    """What the Hub reads of a card."""
    licence = {"license": license} if license else {}
    metadata = {**licence, "library_name": "latente", "tags": ["vae", "variational-autoencoder", "keras"]}
    if "elbo" not in metrics:
        return metadata
    elbo, name = metrics["elbo"], public_config(run)["data"]["name"]
    result = {
        "task": {"type": "unconditional-image-generation"},
        "dataset": {"name": name, "type": name, "split": elbo["split"]},
        "metrics": [{"type": "elbo", "name": f"ELBO ({elbo['unit']})", "value": elbo["value"]}],
    }
    return {**metadata, "model-index": [{"name": run.name, "results": [result]}]}
