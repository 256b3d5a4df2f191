"""A model of plain images whose every figure can be worked out by hand, and data whose splits differ in their grey."""

import numpy as np

from latente import VAE
from latente.data import Dataset, Split
from latente.evaluation.split_measurements import SplitMeasurements
from latente.model.latent_model import LatentModel
from latente.pixels import unit_scale
from latente.training import Run

SIGNS = np.indices((4, 4)).sum(axis=0)[..., None] % 2 * 2 - 1
VARIANCE = 0.25
CONTRAST = 5


def boards(greys: np.ndarray, contrast: int = CONTRAST) -> np.ndarray:
    """Chessboards of 4 x 4 pixels about each grey level, ``(n, 4, 4, 1)``: the Laplacian of a blank one is nothing."""
    return (np.asarray(greys).reshape(-1, 1, 1, 1) + contrast * SIGNS).astype("uint8")


def apart(grey: float, contrast: float) -> float:
    """The distance of two boards in [0, 1] whose greys and contrasts are so many levels apart."""
    return 4 * np.hypot(grey, contrast) / 255


def grey_of(images: np.ndarray) -> np.ndarray:
    return 255 * unit_scale(images).mean(axis=(1, 2, 3), dtype="float64")


class Lamp(LatentModel):
    """Encodes a board as its grey over 100 and its label, with the variance 1/4, and decodes its grey.

    A conditional one knows that label k belongs to the grey 50 + 20 k, and fails on a label of another image. Its
    reconstruction costs as many nats as the grey has levels.

    Args:
        classes: How many labels it knows.
        shown: The greys of its samples, one after another; those of draws of N(0, I) where there are none.
    """

    image_shape = (4, 4, 1)
    latent_dim = 2
    decoder = None
    likelihood_name = "grey"

    def __init__(self, classes: int = 0, shown: tuple[float, ...] = ()) -> None:
        self.classes, self.shown = classes, shown

    def moments(self, images, labels=None):
        labels = self._own(grey_of(images), labels)
        mean = np.stack([grey_of(images) / 100, labels], axis=1)
        return mean, np.full(mean.shape, np.log(VARIANCE))

    def decode(self, codes, labels=None):
        self.checked_labels(labels, len(codes))
        return np.clip((100 * codes[:, :1, None, None] + CONTRAST * SIGNS) / 255, 0, 1).astype("float32")

    def reconstruction(self, images, codes, labels=None):
        self._own(grey_of(images), labels)
        return grey_of(images) + 0 * codes[:, 0]

    def sample_codes(self, n, temperature=1.0, seed=0):
        if not self.shown:
            return super().sample_codes(n, temperature, seed)
        return np.stack([np.resize(np.array(self.shown) / 100, n), np.zeros(n)], axis=1)

    def _own(self, greys, labels):
        if not self.classes:
            assert labels is None
            return np.zeros(len(greys))
        labels = self.checked_labels(labels, len(greys))
        np.testing.assert_allclose(greys, 50 + 20 * labels, atol=1e-3)
        return labels


def judged(model: LatentModel, split: str = "test", seed: int = 0, classifier=None, **splits: Split):
    """Measurements of a model on a split; those that are not given are the test split."""
    data = Dataset("made", **{name: splits.get(name, splits["test"]) for name in ("train", "validation", "test")})
    found = SplitMeasurements(model, data, split, seed)
    vars(found)["classifier"] = classifier  # measured already, so that none is trained
    return found


class Judge:
    """Sees the grey of an image alone: below 100 it is 0.9 sure of the first class, else 0.7 sure of the second."""

    protocol = {"accuracy": 0.77, "n": 7}

    def features(self, images):
        return grey_of(images)[:, None]

    def probabilities(self, images):
        return np.where(self.features(images) < 99.5, [0.9, 0.1], [0.3, 0.7])


class MadeRun(Run):
    """A run of a model on data that are at hand; the figures that it is given are kept in memory.

    Args:
        vae: The model.
        data: Its data.
    """

    name, config, environment, metrics = "made", {"likelihood": {"name": "Gaussian"}}, {}, {}

    def __init__(self, vae: VAE, data: Dataset) -> None:
        self.made, self.environment, self.metrics = (vae, data), {"data_fingerprint": data.fingerprint}, {}

    def model(self):
        return self.made[0]

    def data(self, data_dir=None):
        return self.made[1]

    def epoch_of(self, vae):
        return {"epoch": 1}

    def add_metrics(self, found):
        self.metrics |= found

    def keep_prior(self, prior):
        self.fitted = prior
