"""What is measured: a model and the images of a split, with what several figures share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from latente.data import Dataset, Images, Split, binarize
from latente.evaluation.bounds import ElboTerms, elbo_terms
from latente.evaluation.classifier import Classifier, classifier_of
from latente.evaluation.inception import Inception
from latente.evaluation.memorization import nearest
from latente.model.latent_model import LatentModel
from latente.model.vae import VAE
from latente.pixels import unit_scale
from latente.seeds import drawing
from latente.training.labels import labels_of

COMPARED = 2_000
"""Real images and samples that are compared; fewer where there are fewer."""
ENCODED = 10_000
"""At most so many images are encoded, by the model or by the classifier, where all are not needed."""
MOST_PIXELS = 50_000_000
"""At most so many numbers of training images are held as floats: all of Fashion-MNIST's."""


@dataclass(frozen=True)
class SplitMeasurements:
    """A model and the images of a split, each thing measured once, when it is asked for.

    Everything random follows from the seed.

    Attributes:
        model: The model.
        dataset: Its data.
        split_name: Which images it is judged by.
        seed: Seed of every draw.
        inception: A second feature space to compare samples in, where its weights are at hand.
    """

    model: LatentModel
    dataset: Dataset
    split_name: str
    seed: int
    inception: Inception | None = None

    @property
    def vae(self) -> VAE:
        """The model where it is one of Latente's, which tells its densities."""
        assert isinstance(self.model, VAE)
        return self.model

    @property
    def split(self) -> Split:
        """The images that the model is judged by."""
        return self.dataset.splits[self.split_name]

    @cached_property
    def model_images(self) -> Images:
        """All images of the split as the model is trained on them: binary ones where they are drawn dynamically."""
        images = self.split.images
        if self.dataset.binarize != "dynamic":
            return images
        return binarize(np.asarray(images[:]), drawing(self.seed, f"binarization of {self.split_name}"))

    def labels_at(self, rows: Any = slice(None)) -> np.ndarray | None:
        """The labels of those images of the split, where the model is conditional; None where it asks for none."""
        return labels_of(self.model, self.split, rows)

    @cached_property
    def elbo_terms(self) -> ElboTerms:
        """The ELBO's parts of every image of the split."""
        return elbo_terms(self.model, self.model_images, self.seed, self.labels_at())

    @cached_property
    def real(self) -> np.ndarray:
        """Random images of the split in random order, as they are in the file, float32 in [0, 1], ``(n, H, W, C)``."""
        return unit_scale(self.split.images[self.real_rows])

    @cached_property
    def real_rows(self) -> np.ndarray:
        """Which images of the split those are."""
        return self.rows(len(self.split), COMPARED)

    @cached_property
    def samples(self) -> np.ndarray:
        """As many decoded draws of the prior, ``(n, H, W, C)``; of a conditional model, with the labels of ``real``."""
        return self.model.sample(len(self.real), seed=self.seed, labels=self.labels_at(self.real_rows))

    @cached_property
    def impostors(self) -> dict[str, np.ndarray]:
        """As many images that no rule may take for real: halfway mixtures of two real ones, and noise."""
        mixtures = (self.real + np.roll(self.real, 1, axis=0)) / 2
        noise = drawing(self.seed, "noise images").random(self.real.shape, "float32")
        return {"cross-fade": mixtures, "noise": noise}

    @property
    def shown(self) -> dict[str, np.ndarray]:
        """Samples, and what they are judged beside: real images and impostors."""
        return {"samples": self.samples, "real images": self.real, **self.impostors}

    @cached_property
    def train(self) -> np.ndarray:
        """Random training images, as many as fit in memory, float32 in [0, 1], ``(n, H, W, C)``."""
        images = self.dataset.train.images
        return unit_scale(images[self.rows(len(images), max(1, MOST_PIXELS // int(np.prod(images.shape[1:]))))])

    @cached_property
    def classifier(self) -> Classifier | None:
        """The data set's classifier, or None where there are no labels to learn."""
        labels = self.dataset.train.labels
        return None if labels is None or len(np.unique(labels)) < 2 else classifier_of(self.dataset)

    @property
    def space(self) -> str:
        """The name of the feature space: ``classifier``, or ``pixels`` where there is none."""
        return "classifier" if self.classifier else "pixels"

    def features(self, images: np.ndarray) -> np.ndarray:
        """Images ``(n, H, W, C)`` in that space, ``(n, features)``."""
        return self.classifier.features(images) if self.classifier else images.reshape(len(images), -1)

    def distance_to_train(self, images: np.ndarray) -> float:
        """Median distance of images ``(n, H, W, C)`` to the nearest of 10,000 training images in that space."""
        return float(np.median(nearest(self.features(images), self._train_features)[1]))

    @cached_property
    def _train_features(self) -> np.ndarray:
        return self.features(self.train[:ENCODED])

    def rows(self, n: int, most: int) -> np.ndarray:
        """At most ``most`` random indices into ``n`` images."""
        return drawing(self.seed, "rows").permutation(n)[:most]
