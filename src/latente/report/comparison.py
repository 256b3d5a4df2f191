"""Several runs side by side: figures with their spread over seeds, and pictures of the same latents and images."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from latente.data import Dataset
from latente.errors import UserError
from latente.figures import rows, save_figure
from latente.figures.comparison import plane, rate_distortion
from latente.files import written_whole
from latente.language import text, tr, translation_of
from latente.pixels import cross_fade
from latente.report.groups import Row, RunGroup, comparison_rows, groups_of, not_shared
from latente.report.html import ensure_evaluated
from latente.report.page import embed, render
from latente.report.pictures import two_unlike
from latente.training.labels import labels_of
from latente.training.run import Run
from latente.training.sweep import LoadedRun, grid_points, runs_in, train_grid
from latente.training.trainer import data_asked

if TYPE_CHECKING:
    from latente.model.vae import VAE

COLUMNS = 10
"""Images in a row."""
SHARPNESS = "sample_sharpness"
DISENTANGLEMENT = ("mig", "dci_disentanglement", "factor_vae")
"""The scores that are drawn against sharpness; the table has the others too."""


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` found.

    Attributes:
        groups: The runs by config without seed.
        rows: The figures that all runs have, each with mean and spread in every group.
        notes: What to keep in mind when reading them.
        path: The report.
    """

    groups: list[RunGroup]
    rows: list[Row]
    notes: list[str]
    path: Path


def compare(
    runs: Sequence[Run | str | Path],
    folder: str | Path | None = None,
    data_dir: str | None = None,
    progress: bool = True,
) -> Comparison:
    """Evaluate runs where that was not done yet, and write their comparison: one HTML file, and its pictures as PNG.

    Args:
        runs: At least two runs or their directories. Those that differ in the seed alone make up one group.
        folder: Where ``comparison.html`` and ``figures`` go; ``runs/comparison-TIME`` by default.
        data_dir: Where the data files are now, when not where they were.
        progress: Whether to tell on standard error which runs are evaluated.

    Raises:
        UserError: Fewer than two runs, one of them twice or untrained, or data that are not there.
    """
    loaded = {key: data for run in runs if isinstance(run, LoadedRun) for key, data in run.loaded.items()}
    opened = [LoadedRun(run.path if isinstance(run, Run) else run, loaded) for run in runs]
    _check(opened)
    for run in opened:
        ensure_evaluated(run, data_dir, progress)
    groups = groups_of(opened)
    table = comparison_rows(groups)
    notes = _notes(opened, groups, table)
    folder = Path(folder or Path("runs") / f"comparison-{time.strftime('%Y%m%d-%H%M%S')}")
    pictures = _pictures(groups, table, data_dir)
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made: {error.strerror}. Choose another folder.") from None
    for title, figure in pictures.items():
        save_figure(figure, folder / "figures" / f"{title.lower().replace(' ', '-')}.png")
    html = render(
        "comparison.html.jinja",
        name=folder.resolve().name,
        groups=groups,
        options=list(dict.fromkeys(name for group in groups for name in group.options)),
        rows=table,
        notes=notes,
        sections={title: embed(figure) for title, figure in pictures.items()},
    )
    with written_whole(folder / "comparison.html") as temporary:
        temporary.write_text(html, encoding="utf-8")
    return Comparison(groups, table, notes, folder / "comparison.html")


def sweep(dataset: Any, folder: str | Path, progress: bool = True, **options: Any) -> Comparison:
    """Train and evaluate a grid of runs, and compare them with all that the folder holds.

    Calling it again goes on where it was interrupted; with more values it adds runs.

    Args:
        dataset: As for ``train``.
        folder: Where the runs, named such as ``beta=5,seed=1``, and the comparison go.
        progress: Whether to tell on standard error how it goes.
        **options: As for ``train``. A list holds several values (a tuple is one value): ``beta=[1, 5]``,
            ``**{"network.filters": [(32, 64), (64, 128)]}``.

    Raises:
        UserError: No option has several values, one is wrong, or the folder holds runs of another sweep.
    """
    asked, held = data_asked(dataset, None, options)
    points = grid_points(asked)
    data_dir = points[0].config["data"]["data_dir"]
    done = {}
    for run in train_grid(points, folder, progress, held):
        ensure_evaluated(run, data_dir, progress)
        done[run.path.resolve()] = run
    others = [run for run in runs_in(folder) if run.path.resolve() not in done and run.finished]
    return compare([*done.values(), *others], folder, data_dir, progress)


def _check(runs: Sequence[Run]) -> None:
    if len(runs) < 2:
        raise UserError(f"A comparison needs at least two runs. Received {len(runs)}.")
    paths = [run.path.resolve() for run in runs]
    for path in paths:
        if paths.count(path) > 1:
            raise UserError(f"Each run may be given once. Received {path} twice.")
    for run in runs:
        run.best_epoch  # noqa: B018  # untrained runs are refused before anything slow


def _notes(runs: Sequence[Run], groups: Sequence[RunGroup], table: Sequence[Row]) -> list[str]:
    notes = []
    same_data = _same(runs, lambda run: run.environment["data_fingerprint"])
    if not same_data:
        notes.append(
            tr(
                "The runs were trained on different data: only their figures stand side by side, and nats on different "
                "images do not compare."
            )
        )
    elif not _same(runs, lambda run: (run.config["latent_dim"], run.config["prior"])):
        notes.append(tr("The latent spaces differ: prior samples share a seed, not their latents."))
    if not _same(runs, lambda run: len(run.classes)):
        notes.append(
            tr(
                "Some runs are conditional: their bounds are on log p(x given y), without the nats that the label y "
                "says."
            )
        )
    if not _same(runs, lambda run: run.config["likelihood"]):
        notes.append(tr("The likelihoods differ: nats (ELBO, reconstruction) of different likelihoods do not compare."))
    for group in groups:
        if len(set(group.seeds)) < len(group.runs):
            notes.append(
                tr("{group} has a seed more than once: its spread is not that of seeds alone.", group=group.letter)
            )
    noted = {"likelihood", "given"}
    apart = [f"{row.name} ({', '.join(row.differs)})" for row in table if set(row.differs) - noted]
    if same_data and apart:
        notes.append(
            tr("Not measured alike in all runs: {names}. latente evaluate measures anew.", names=", ".join(apart))
        )
    if missing := not_shared(runs):
        names = ", ".join(missing)
        notes.append(tr("Left out, since some runs lack them: {names}. latente evaluate measures them.", names=names))
    return notes


def _same(runs: Sequence[Run], what: Callable[[Run], Any]) -> bool:
    return all(what(run) == what(runs[0]) for run in runs)


def _pictures(groups: Sequence[RunGroup], table: Sequence[Row], data_dir: str | None) -> dict[str, Figure]:
    elbo = next(row for row in table if row.name == "elbo")
    found = {
        text("Rate and distortion"): rate_distortion(_points(groups, "kl", "reconstruction"), _protocol_title(elbo))
    }
    names = [row.name for row in table]
    for row in table:
        if row.name in DISENTANGLEMENT and SHARPNESS in names:
            found[text("{name} and sharpness", name=row.name)] = plane(
                _points(groups, row.name, SHARPNESS),
                (f"{row.name} ({translation_of(row.unit)})", tr("sharpness of samples (1 = as sharp as real)")),
                _protocol_title(row),
            )
    runs = [run for group in groups for run in group.runs]
    if _same(runs, lambda run: run.environment["data_fingerprint"]):
        found |= _sheets(groups, runs[0].data(data_dir))
    return found


def _protocol_title(row: Row) -> str:
    if "n" in row.protocol:
        return tr("each point a run, on {n:,} test images", n=row.protocol["n"])
    return tr("each point a run, on test images")


def _points(groups: Sequence[RunGroup], *names: str) -> dict[str, np.ndarray]:
    return {
        group.label: np.array([[run.metrics[name]["value"] for name in names] for run in group.runs])
        for group in groups
    }


def _sheets(groups: Sequence[RunGroup], dataset: Dataset) -> dict[str, Figure]:
    """One row of images per group, drawn by the run with its first seed."""
    first, second = two_unlike(dataset.test)
    images = np.asarray(dataset.test.images[:COLUMNS])
    ends = [first, second]
    start, end = np.asarray(dataset.test.images[ends])
    sheets: dict[str, Callable[[VAE], np.ndarray]] = {
        text("Samples"): lambda vae: vae.sample(COLUMNS, seed=0, labels=vae.evenly(COLUMNS)),
        text("Reconstructions"): lambda vae: vae.reconstruct(images, labels_of(vae, dataset.test, slice(COLUMNS))),
        text("Interpolations"): lambda vae: vae.interpolate(
            start, end, COLUMNS, labels=labels_of(vae, dataset.test, ends)
        ),
    }
    drawn: dict[str, dict[str, np.ndarray]] = {name: {} for name in sheets}
    drawn["Reconstructions"][text("test images")] = images
    drawn["Interpolations"][text("pixel cross-fade")] = cross_fade(start[None], end[None], COLUMNS)[0]
    for group in groups:
        vae = group.runs[0].model()
        for name, draw in sheets.items():
            drawn[name][group.label] = draw(vae)
    titles = {
        "Samples": tr("each column decodes the same draw of the prior (seed 0)"),
        "Reconstructions": tr("mean reconstructions of the first test images"),
        "Interpolations": tr(
            "decoded paths from test image {first} to {second}, under the cross-fade of their pixels",
            first=first,
            second=second,
        ),
    }
    return {name: rows(those, titles[name]) for name, those in drawn.items()}
