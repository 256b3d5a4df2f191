"""How anomalous each image is to a run, and how well that tells other data from the run's own.

Three scores, higher for more anomalous:

- ``likelihood``: -ELBO in nats, which bounds -log p(x). Known to fail (Nalisnick et al. 2019, "Do deep generative
  models know what they don't know?"): simple images of another kind are often likelier than the model's own.
- ``reconstruction``: -E_q log p(x given z) in nats, the part of it that comes from the pixels, with the same weakness.
- ``typicality``: half the squared Mahalanobis distance of (reconstruction, KL, PNG length) from those of the run's
  validation images: the density of states of Morningstar et al. (2021, DoSE) with a Gaussian as its density, so that
  too likely is as odd as too unlikely. The PNG length is the complexity by which Serrà et al. (2020) correct the
  likelihood; taken jointly it needs no common unit, and noise, the most complex of all, stays an anomaly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from latente.data import Dataset, Images
from latente.data.dataset import chunks
from latente.errors import UserError
from latente.evaluation.split_measurements import SplitMeasurements
from latente.model.vae import VAE
from latente.pixels import png
from latente.training.run import Run

SCORES = ("likelihood", "reconstruction", "typicality")
STATISTICS = ("reconstruction", "kl", "png")
FEWEST = 20
"""Validation images from which the mean and covariance of three statistics can be told."""

Columns = dict[str, np.ndarray]


@dataclass(frozen=True)
class Anomalies:
    """The scores of every image of a data set, its splits one after another.

    Attributes:
        columns: ``elbo``, ``reconstruction``, ``kl`` and ``png`` in nats, then the other scores, then for each score
            its ``_percentile``: the share of the run's validation images, in percent, that score lower. ``(n,)`` each.
            Without the run's data there is neither ``typicality`` nor a percentile.
        auroc: By score, how surely it ranks these images above the run's test images (area under the ROC curve: 1 is
            always, 0.5 is chance, below 0.5 is the wrong way round); empty for the run's own data.
        reference: How many validation images the percentiles stand on.
        inliers: How many test images the AUROC stands on.
        missing: Why the run's data were not there; empty where they were.
    """

    columns: Columns
    auroc: dict[str, float] = field(default_factory=dict)
    reference: int = 0
    inliers: int = 0
    missing: str = ""


class Ordinary:
    """What the scores of ordinary images are: those of the run's validation images, which it did not learn from.

    Args:
        columns: Their statistics.

    Raises:
        UserError: There are too few.
    """

    def __init__(self, columns: Mapping[str, np.ndarray]) -> None:
        from sklearn.covariance import EmpiricalCovariance

        self.count = len(columns["elbo"])
        if self.count < FEWEST:
            raise UserError(
                f"Anomaly scores are measured against at least {FEWEST} validation images. Received {self.count}."
            )
        # Its pseudo-inverse passes over what does not vary at all, such as the KL of a collapsed model.
        self._gaussian = EmpiricalCovariance().fit(_stacked(columns))
        self._scores = {name: np.sort(scores) for name, scores in self._all(columns).items()}

    def __call__(self, columns: Mapping[str, np.ndarray]) -> Columns:
        """The statistics with the scores and their percentiles."""
        scores = self._all(columns)
        percentiles = {
            f"{name}_percentile": 100 * np.searchsorted(self._scores[name], values) / self.count
            for name, values in scores.items()
        }
        return {**columns, **scores, **percentiles}

    def _all(self, columns: Mapping[str, np.ndarray]) -> Columns:
        return {
            "likelihood": -columns["elbo"],
            "reconstruction": columns["reconstruction"],
            "typicality": self._gaussian.mahalanobis(_stacked(columns)) / 2,
        }


def score(run: Run, dataset: Dataset, data_dir: str | None = None, seed: int = 0) -> Anomalies:
    """Score every image of a data set.

    Args:
        run: The run. A conditional one scores each image given its label.
        dataset: The images, in the shape and the binarization of the run; ``latente score`` loads them so.
        data_dir: Where the run's data files are now, when not where they were.
        seed: Seed of the draws of z, one per image, and of the pixels where data are binarized dynamically.

    Raises:
        UserError: The run has no model yet, the images have another shape, or labels are missing.
    """
    vae = run.model()
    given = _every(vae, dataset, seed)
    own = dataset.fingerprint == run.environment["data_fingerprint"]
    try:
        known = dataset if own else run.data(data_dir)
        ordinary = Ordinary(_statistics(vae, known, "validation", seed))
    except UserError as error:
        return Anomalies({**given, "likelihood": -given["elbo"]}, missing=str(error))
    found = ordinary(given)
    if own:
        return Anomalies(found, reference=ordinary.count)
    inliers = ordinary(_statistics(vae, known, "test", seed))
    auroc = {name: _auroc(inliers[name], found[name]) for name in SCORES}
    return Anomalies(found, auroc, ordinary.count, len(inliers["elbo"]))


def png_length(images: Images) -> np.ndarray:
    """The length of each image as a PNG file, in nats: an upper bound on its complexity, ``(n,)``.

    Args:
        images: uint8, ``(n, H, W, C)`` with C = 1 or 3.
    """
    lengths = [len(png(image, optimize=True)) for chunk in chunks(images) for image in chunk]
    return np.array(lengths) * 8 * math.log(2)


def _every(vae: VAE, dataset: Dataset, seed: int) -> Columns:
    """The statistics of every image, split after split."""
    parts = [_statistics(vae, dataset, name, seed) for name, split in dataset.splits.items() if len(split)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _statistics(vae: VAE, dataset: Dataset, split: str, seed: int) -> Columns:
    """The ELBO's parts and the PNG length of every image of a split, in nats."""
    measurements = SplitMeasurements(vae, dataset, split, seed)
    found = measurements.elbo_terms
    return {
        "elbo": found.elbo,
        "reconstruction": found.reconstruction,
        "kl": found.kl.sum(axis=1),
        "png": png_length(measurements.model_images),
    }


def _stacked(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.stack([columns[name] for name in STATISTICS], axis=1)


def _auroc(inliers: np.ndarray, outliers: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(np.repeat([0, 1], [len(inliers), len(outliers)]), np.concatenate([inliers, outliers])))
