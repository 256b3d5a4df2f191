"""Everything that a diagnosis measures, each thing once and only when a check asks for it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from sklearn.decomposition import PCA

from latente.data.dataset import evenly
from latente.evaluation.aggregate import MOST_LOG_VAR, Aggregate, decompose
from latente.evaluation.bounds import gaussian_kl
from latente.evaluation.diagnosis.effective_beta import EffectiveBeta, effective_beta
from latente.evaluation.diagnosis.history import History
from latente.evaluation.diagnosis.linear import LinearVAE, linear_vae
from latente.evaluation.diagnosis.silence import Silence, watch
from latente.evaluation.fidelity import NEIGHBOURS, Neighbourhoods, neighbourhoods
from latente.evaluation.foreign import Scale
from latente.evaluation.memorization import nearest
from latente.evaluation.sharpness import BLANK, laplacian_variance
from latente.model.arrays import Array, batches
from latente.model.collapse import collapsed_dimensions
from latente.model.conditional import with_classes
from latente.model.latent_model import LatentModel, draw
from latente.seeds import drawing

MOST_IMAGES = 2000
"""Images looked at, spread evenly over those given: shares are then known to about 1%, in seconds on two cores."""
MOST_KNOWN = 20_000
"""Images among which the source of a sample is looked for, of each kind."""
COMPONENTS = 50
"""Principal components in which images are neighbours: nearly all of the variance of small images, and little noise."""
UNMOVED = 0.01
"""Codes that move the pixels by less than a hundredth of the variance of the real images do not move them."""


class Measurements:
    """One model and held-out images, with all that a diagnosis may ask of them.

    Args:
        model: The model.
        images: Held-out real images, ``(n, H, W, C)`` in [0, 1].
        train_images: Images it was trained on, or None.
        samples: Images said to be prior samples, or None.
        history: What is known of the training.
        seed: Seed of every draw.
        labels: Of a conditional model, the classes of ``images`` and ``train_images``.
        scale: The range of the pixels that came in.
    """

    def __init__(
        self,
        model: LatentModel,
        images: Array,
        *,
        train_images: Array | None = None,
        samples: Array | None = None,
        history: History | None = None,
        seed: int = 0,
        labels: tuple[Array | None, Array | None] = (None, None),
        scale: Scale = Scale(),
    ) -> None:
        self.model, self.scale, self.seed = model, scale, seed
        self.history = history or History()
        self.images, self.labels = thinned(images), thinned(labels[0])
        self.train_images, self.train_labels = thinned(train_images), thinned(labels[1])
        self.samples = thinned(samples)
        self._given = [(images, labels[0])] + ([] if train_images is None else [(train_images, labels[1])])

    @cached_property
    def posterior(self) -> tuple[Array, Array]:
        """Means and log-variances of the images, each ``(n, d)``."""
        return self.model.moments(self.images, self.labels)

    @property
    def mean(self) -> Array:
        """Posterior means, ``(n, d)``."""
        return self.posterior[0]

    @cached_property
    def log_var(self) -> Array:
        """Log-variances, ``(n, d)``, clipped to +-60."""
        return np.clip(self.posterior[1], -MOST_LOG_VAR, MOST_LOG_VAR)

    @property
    def latent_dim(self) -> int:
        """Number of latents."""
        return self.mean.shape[1]

    @property
    def pixels(self) -> int:
        """Pixels times channels of an image."""
        return int(np.prod(self.images.shape[1:]))

    @cached_property
    def kl_per_dimension(self) -> Array:
        """Mean KL of each latent in nats, ``(d,)``."""
        return gaussian_kl(self.mean, self.log_var).mean(axis=0)

    @property
    def kl(self) -> float:
        """Mean KL in nats."""
        return float(self.kl_per_dimension.sum())

    @cached_property
    def mean_variance(self) -> Array:
        """Var_x(E_q[z_j]), ``(d,)``."""
        return self.mean.var(axis=0)

    @cached_property
    def collapsed(self) -> Array:
        """Which latents are dead, ``(d,)``."""
        return collapsed_dimensions(self.kl_per_dimension, self.mean_variance)

    @property
    def active(self) -> int:
        """How many latents are not dead."""
        return int((~self.collapsed).sum())

    @cached_property
    def codes(self) -> Array:
        """One draw of z per image, ``(n, d)``."""
        return draw(self.mean, self.log_var, drawing(self.seed, "codes"))

    @cached_property
    def reconstruction_nats(self) -> Array:
        """-log p(x given z) at those draws, ``(n,)``."""
        return self.model.reconstruction(self.images, self.codes, self.labels)

    @property
    def reconstruction(self) -> float:
        """Mean reconstruction term in nats."""
        return float(self.reconstruction_nats.mean())

    @property
    def elbo(self) -> float:
        """The ELBO at beta = 1, in nats per held-out image."""
        return float(self.elbos.mean())

    @cached_property
    def elbos(self) -> Array:
        """The ELBO of each held-out image, ``(n,)``."""
        return -self.reconstruction_nats - gaussian_kl(self.mean, self.log_var).sum(axis=1)

    @cached_property
    def train_elbos(self) -> Array | None:
        """The same on training images, ``(N,)``."""
        if self.train_images is None:
            return None
        mean, log_var = self.model.moments(self.train_images, self.train_labels)
        log_var = np.clip(log_var, -MOST_LOG_VAR, MOST_LOG_VAR)
        codes = draw(mean, log_var, drawing(self.seed, "training codes"))
        nats = self.model.reconstruction(self.train_images, codes, self.train_labels)
        return -nats - gaussian_kl(mean, log_var).sum(axis=1)

    @cached_property
    def told(self) -> float:
        """What a code tells about its image, in nats: what reconstruction loses when the codes change places."""
        other = self.model.reconstruction(self.images, np.roll(self.codes, 1, axis=0), self.labels)
        return float(other.mean()) - self.reconstruction

    @cached_property
    def reconstructions(self) -> Array:
        """Images decoded from the posterior means, ``(n, H, W, C)``."""
        return self.model.decode(self.mean, self.labels)

    @cached_property
    def posterior_images(self) -> Array:
        """Images decoded from the draws of the posteriors: what samples look like where the aggregate is the prior."""
        return self.model.decode(self.codes, self.labels)

    @cached_property
    def prior_images(self) -> Array:
        """Images decoded from as many draws of N(0, I)."""
        return self.model.decode(self._prior_codes, self.labels)

    @property
    def _prior_codes(self) -> Array:
        return drawing(self.seed, "prior").standard_normal(self.mean.shape)

    @cached_property
    def silence(self) -> Silence | None:
        """What of the decoder is silent over draws of the posteriors and the prior; None where it cannot be seen."""
        codes = np.concatenate([self.codes, self._prior_codes]).astype("float32")
        labels = None if self.labels is None else np.resize(self.labels, len(codes))  # two codes for each image
        return watch(self.model.decoder, (with_classes(z, y, self.model.classes) for z, y in batches(codes, labels)))

    @cached_property
    def effective_beta(self) -> EffectiveBeta | None:
        """The beta that the posteriors speak of; None where they all are as wide as the prior."""
        if not self.active:
            return None
        return effective_beta(self.model, self.images, self.mean, self.log_var, self.labels, self.seed)

    @cached_property
    def aggregate(self) -> Aggregate:
        """Where the KL goes."""
        return decompose(self.mean, self.log_var, self.seed)

    @cached_property
    def spread(self) -> float:
        """Total variance of the pixels of the real images: the squared error of the mean image."""
        return total_variance(self.images)

    @cached_property
    def unexplained(self) -> float:
        """Squared error of the reconstructions over that of the mean image: 1 is no better than the mean image."""
        return self.unexplained_by(self.reconstructions)

    def unexplained_by(self, reconstructions: Array) -> float:
        """The same for other reconstructions of the images."""
        return float(np.square(self.images - reconstructions).sum(axis=(1, 2, 3)).mean() / max(self.spread, 1e-12))

    @cached_property
    def unexplained_by_linear(self) -> float:
        """The same for those of the best linear VAE."""
        return self.unexplained_by(self.linear.reconstructions)

    @cached_property
    def unusable(self) -> bool:
        """Whether decoded encodings hardly differ, so that no question about samples makes sense."""
        return not self.active or total_variance(self.posterior_images) < UNMOVED * self.spread

    @cached_property
    def prior_match(self) -> Neighbourhoods:
        """Images decoded from the prior against those decoded from encodings, among the real principal components."""
        return self._match(self.prior_images)

    @cached_property
    def sample_match(self) -> Neighbourhoods:
        """The same for the claimed samples, where there are some."""
        return self.prior_match if self.samples is None else self._match(self.samples)

    def distance_to_encodings(self, images: Array) -> Array:
        """Euclidean distance in pixels of each image to the nearest reconstruction of a real one, ``(n,)``."""
        return nearest(images, self._known_reconstructions)[1]

    @cached_property
    def _known_reconstructions(self) -> Array:
        # Of all that was given: a sample made from an image that was left out would look like a new one.
        known = [self.model.reconstruct(thinned(x, MOST_KNOWN), thinned(y, MOST_KNOWN)) for x, y in self._given]
        return np.concatenate(known)

    def _match(self, images: Array) -> Neighbourhoods:
        real, made = (self._components(each) for each in (self.posterior_images, images))
        return neighbourhoods(real, made, k=min(NEIGHBOURS, len(real) - 1, len(made) - 1))

    def _components(self, images: Array) -> Array:
        return self._pca.transform(images.reshape(len(images), -1).astype("float64"))

    @cached_property
    def _pca(self) -> PCA:
        flat = self.images.reshape(len(self.images), -1).astype("float64")
        return PCA(min(COMPONENTS, *flat.shape), random_state=0).fit(flat)

    @cached_property
    def collapse_epoch(self) -> int | None:
        """From which epoch of the log on every latent was dead; None where it does not say."""
        first = None
        for number, entry in enumerate(self.history.log, start=1):
            if "val_kl_per_dimension" not in entry:
                return None
            dead = collapsed_dimensions(entry["val_kl_per_dimension"]).all()
            first = (first or number) if dead else None
        return first

    @cached_property
    def linear(self) -> LinearVAE:
        """What the best linear VAE with as many latents makes of the images."""
        train = self.images if self.train_images is None else self.train_images
        return linear_vae(train, self.images, self.latent_dim, self._pixel_variance)

    def _pixel_variance(self, means: Array) -> Array | float:
        """Where the likelihood does not tell it, the errors that the model makes stand for it."""
        known = self.model.pixel_variance(means)
        return self.unexplained * self.spread / self.pixels if known is None else known

    @cached_property
    def sharpness(self) -> float:
        """Sharpness of the reconstructions relative to the real images."""
        return self.relative_sharpness(self.reconstructions)

    def relative_sharpness(self, images: Array) -> float:
        """Sharpness relative to the real images; 1 where those are blank or too small to tell."""
        if min(images.shape[1:3]) < 3 or (real := laplacian_variance(self.images)) <= BLANK:
            return 1.0
        return laplacian_variance(images) / real


def total_variance(images: Array) -> float:
    """Sum over pixels of the variance over images."""
    return float(images.var(axis=0, dtype="float64").sum())


def thinned(rows: Any, most: int = MOST_IMAGES) -> Any:
    """At most so many images, or labels, spread evenly; None of none."""
    return None if rows is None else rows[evenly(len(rows), most)]
