"""The figures of a run, each with its protocol."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

from latente.errors import UserError
from latente.evaluation import metrics
from latente.evaluation.inception import Inception
from latente.evaluation.metrics import Metrics
from latente.evaluation.split_measurements import SplitMeasurements
from latente.language import tr
from latente.training.run import Run
from latente.version import __version__


def evaluate(
    run: Run | str | Path,
    split: Literal["test", "validation", "train"] = "test",
    data_dir: str | None = None,
    seed: int = 0,
    samples: int = 0,
    images: int = 1000,
    inception: str | Path | None = None,
    progress: bool = False,
) -> Metrics:
    """Compute every figure that applies to a run and write them to its ``metrics.json`` (``elbo@train`` but for test).

    Args:
        run: The run or its directory.
        split: Which images.
        data_dir: Where the data files are now, when not where they were.
        seed: Seed of every draw: of codes, of images where not all are taken, and of the pixels when the data are
            binarized dynamically.
        samples: K, the draws per image of the importance-sampled bound on log p(x); 0 leaves it out.
        images: How many images that bound is computed for.
        inception: A file of the weights of Inception-v3 in Keras's form, for the figures of the samples in its features
            as well; see ``evaluation.inception``.
        progress: Whether to tell on standard error that it takes place.

    Returns:
        By name, an object with ``value``, ``unit``, the ``group`` it belongs to and the protocol: the split, how many
        of its images (``n``), the seed, and what else the figure depends on. ``controls`` are the same figure of
        something whose worth is known, such as real images. Values of a whole split are in nats per image:
        ``elbo`` = -(``reconstruction`` + ``kl``) at beta = 1, with one draw of z per image, and its standard error.
        Pixels are compared as they are in the data, not as binarized, and samples are decoded means.

    Raises:
        UserError: The run has no model yet, its data are not there, or the numbers of draws are wrong.
    """
    if samples < 0 or images < 1:
        raise UserError(f"evaluate needs samples >= 0 and images >= 1. Received {samples} and {images}.")
    run = run if isinstance(run, Run) else Run(run)
    network = None if inception is None else Inception(inception)
    if progress:
        print(tr("evaluating {run}", run=run.name), file=sys.stderr, flush=True)
    measurements = SplitMeasurements(run.model(), run.data(data_dir), split, seed, network)
    groups = {
        "bound": metrics.bound(measurements) | (metrics.importance(measurements, samples, images) if samples else {}),
        "latents": metrics.latents(measurements),
        "reconstructions": metrics.reconstructions(measurements),
        "samples": metrics.samples(measurements),
        "interpolations": metrics.interpolations(measurements),
        "factors": metrics.factors(measurements),
    }
    protocol = {
        "split": split,
        "seed": seed,
        "likelihood": run.config["likelihood"]["name"],
        "binarization": measurements.dataset.binarize,
        "epoch": run.epoch_of(measurements.vae)["epoch"],
        "latente": __version__,
        **({"given": "the label"} if measurements.model.classes else {}),
    }
    found = {name: one | {"group": group} | protocol for group, those in groups.items() for name, one in those.items()}
    run.add_metrics({name if split == "test" else f"{name}@{split}": one for name, one in found.items()})
    return found
