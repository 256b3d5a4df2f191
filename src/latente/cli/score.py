"""``latente score``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from latente.cli.common import add_run, add_seed, open_run
from latente.cli.images import add_images, chosen_dataset, index_columns, save_table

if TYPE_CHECKING:
    from latente.evaluation import Anomalies

HELP = "write how anomalous each image is to a run as npz or csv"
NOTES = {
    "likelihood": "-ELBO; often prefers simple images of another kind",
    "reconstruction": "its part from the pixels, with the same weakness",
    "typicality": "how unusual reconstruction, KL and PNG length are",
}
EXPLANATION = (
    "A row for each image: elbo, reconstruction, kl and png (its length as a PNG file) in nats; the scores, higher for "
    "more anomalous: likelihood, reconstruction, typicality; and the percentile of each among the run's validation "
    "images. The plain likelihood is known to fail (Nalisnick et al. 2019): set a threshold on typicality first."
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_run(parser)
    add_images(parser, "scores")
    add_seed(parser, "the draws")
    parser.epilog = EXPLANATION


def run(arguments: argparse.Namespace) -> None:
    """Score every image and write the scores, in the order of the data; of other data, print the AUROC too."""
    run = open_run(arguments)
    from latente.evaluation import score

    dataset = chosen_dataset(arguments, run)
    found = score(run, dataset, arguments.data_dir, arguments.seed)
    path = save_table(arguments.output, index_columns(dataset) | found.columns)
    if found.missing:
        print(f"No typicality, percentiles or AUROC: they need the run's own data. {found.missing}")
    if found.auroc:
        _print_auroc(found, arguments.data)
    print(path)


def _print_auroc(found: Anomalies, name: str) -> None:
    print(f"{'score':<16}{'AUROC':>7}")
    for score, area in found.auroc.items():
        print(f"{score:<16}{area:>7.4f}  {NOTES[score]}")
    outliers = f"{len(found.columns['elbo']):,} images of {name}"
    print(f"AUROC (1 is perfect, 0.5 chance): {outliers}\nranked above {found.inliers:,} test images of the run")
