"""The five axes, and what their choices may know of each other: the whole contract of a part, in one reading.

A part is a subclass of one of these. ``Model`` is what it may use of the VAE around it, ``Evidence`` what is known of a
batch when its loss is computed.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

import keras
import numpy as np
from keras import ops

from latente.errors import UserError
from latente.model.arrays import ImageShape
from latente.model.choice import Choice
from latente.model.numerics import Tensor, tiled

Parameters = dict[str, Tensor]
Seed: TypeAlias = keras.random.SeedGenerator
"""Where random draws come from."""

DEFAULT_NETWORK, LATENT_DIM = "Conv", 10
"""Where nothing else is said: the lesson's homework."""


class Network(Choice):
    """Axis: the two networks of a VAE."""

    @property
    def joins_codes(self) -> bool:
        """Whether the decoder takes any numbers beside those of a code."""
        return True

    def sizes(
        self, image_shape: Sequence[int] | None, latent_dim: int | None, classes: int
    ) -> tuple[Sequence[int], int]:
        """The shape of an image and the number of latents of a VAE that was given these, or None.

        Raises:
            UserError: There is no shape.
        """
        if image_shape is None:
            raise UserError("VAE needs image_shape, (height, width, channels). Received none.")
        return image_shape, LATENT_DIM if latent_dim is None else latent_dim

    @abstractmethod
    def encoder(
        self, image_shape: ImageShape, units: int, dtype: Any = None, latent_dim: int | None = None
    ) -> keras.Model:
        """Build the network from images ``(batch, H, W, C)`` to ``(batch, units)``, in float32.

        Args:
            image_shape: Height, width and channels.
            units: Numbers per image: ``latent_dim`` for each parameter of the posterior.
            dtype: Keras's dtype policy of all layers but the last, which computes in float32.
            latent_dim: Latents per image, ``units`` by default. Networks whose latents lie on a map need it to put
                the numbers of each parameter in the order of the latents.
        """

    @abstractmethod
    def decoder(self, latent_dim: int, image_shape: ImageShape, channels: int, dtype: Any = None) -> keras.Model:
        """Build the network from codes ``(batch, latent_dim)`` to ``(batch, H, W, channels)``."""


class Posterior(Choice):
    """Axis: the approximate posterior q(z given x).

    Its parameters are a dictionary of tensors with one row per example, made by ``parameters`` from what the
    encoder puts out. ``log_prob`` and ``log_prob_each`` broadcast parameters against codes, so that codes
    ``(n, 1, latent_dim)`` meet parameters ``(1, m, ...)``.

    Attributes:
        density: Whether q has a density that draws follow differentiably; a posterior of discrete codes has none.
        factorizes: Whether its dimensions are independent given x, so that it has ``log_prob_each`` and ``variance``.
        replicates: Whether copies of it can be trained together, each on its part of a batch.
    """

    TRAITS: ClassVar[dict[str, str]] = {
        "density": "with a density",
        "factorizes": "with independent dimensions",
    }
    density: bool = True
    factorizes: bool = False
    replicates: bool = True

    @abstractmethod
    def units(self, latent_dim: int) -> int:
        """How many numbers the encoder must put out per example."""

    @abstractmethod
    def parameters(self, encoded: Tensor) -> Parameters:
        """Turn the encoder's output ``(batch, units)`` into named parameters."""

    @abstractmethod
    def mean(self, q: Parameters) -> Tensor:
        """The code ``(batch, latent_dim)`` that stands for an example in pictures and embeddings."""

    @abstractmethod
    def sample(self, q: Parameters, seed: Seed) -> Tensor:
        """Draw one code ``(batch, latent_dim)`` per example, differentiable in ``q``."""

    def log_prob(self, q: Parameters, z: Tensor) -> Tensor:
        """log q(z given x) in nats, ``(batch,)``; of discrete codes, the logarithm of their probability."""
        return ops.sum(self.log_prob_each(q, z), axis=-1)

    def log_prob_each(self, q: Parameters, z: Tensor) -> Tensor:
        """log q(z_j given x) in nats for each dimension, ``(batch, latent_dim)``, where it factorizes."""
        raise NotImplementedError

    def variance(self, q: Parameters) -> Tensor:
        """Var(z_j given x) for each dimension, ``(batch, latent_dim)``, where it factorizes."""
        raise NotImplementedError

    def kl_from_standard_normal(self, q: Parameters) -> Tensor | None:
        """KL(q(z given x), N(0, I)) in nats, ``(batch, latent_dim)`` or ``(batch, 1)``; None without a closed form."""
        return None

    def adjust(self, loss: Tensor, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Add what the posterior itself asks for to the loss of each example ``(batch,)``; most ask for nothing.

        This is also where weights that no gradient trains are moved, while ``evidence.training``.

        Returns:
            The loss, and the scalars named in ``logged``.
        """
        return loss, {}


class Prior(Choice):
    """Axis: the prior p(z) over codes of ``latent_dim`` numbers.

    Attributes:
        density: Whether it is a density; a prior over discrete codes is none, and goes with posteriors that have none.
        factorizes: Whether its dimensions are independent, so that the KL of a posterior with independent dimensions
            has a part for each.
        learned: Whether it has weights, which only the KL or its own draws can train.
        encodes: Whether it passes images of its own through the encoder; they have no label.
        least_latents: The fewest latent dimensions that it can use.
    """

    density: bool = True
    factorizes: bool = False
    learned: bool = False
    encodes: bool = False
    least_latents: int = 1

    @abstractmethod
    def sample(self, n: int | Tensor, model: Model, seed: Seed, temperature: float = 1.0) -> Tensor:
        """Draw ``(n, latent_dim)`` codes.

        Args:
            n: How many; while a model is trained, a tensor.
            model: The model that the prior is part of.
            seed: Where the randomness comes from.
            temperature: Below 1 draws are more typical and less varied, 1 leaves the prior as it is; each prior says
                how.
        """

    @abstractmethod
    def log_prob(self, z: Tensor, model: Model) -> Tensor:
        """log p(z) in nats, ``(batch,)``."""

    def kl(self, q: dict[str, Tensor], z: Tensor, model: Model) -> Tensor:
        """KL(q(z given x), p(z)) in nats, ``(batch, parts)``: one part per dimension only where both factorize.

        Here the estimate from one draw, log q(z given x) - log p(z), with one part.

        Args:
            q: The parameters of the model's posterior.
            z: One draw of it per example, ``(batch, latent_dim)``.
            model: The model that the prior is part of.
        """
        return (model.posterior.log_prob(q, z) - self.log_prob(z, model))[:, None]


class Likelihood(Choice):
    """Axis: the distribution of an image ``(batch, H, W, C)`` given what the decoder puts out for it.

    The decoder's output, ``(batch, H, W, channels(C))`` in float32, is called ``parameters`` throughout; each
    likelihood says how it reads them. Images ``x`` are float32 in [0, 1].
    """

    def channels(self, image_channels: int) -> int:
        """How many numbers per pixel the decoder must put out."""
        return image_channels

    @property
    def unbounded(self) -> bool:
        """Whether the decoder's numbers may be any, such as logits; where not, they may be means in [0, 1]."""
        return True

    def check(self, images: np.ndarray) -> None:
        """Refuse images that are not a finite number in [0, 1] everywhere (uint8 is scaled by the model itself).

        Raises:
            UserError: A pixel lies outside, or is not a number.
        """
        if images.dtype == np.uint8 or images.size == 0:
            return
        low, high = float(images.min()), float(images.max())
        if not (low >= 0.0 and high <= 1.0):
            raise UserError(
                f"{type(self).__name__} needs pixels in [0, 1], or uint8 images in [0, 255]. Received a minimum of "
                f"{low:g} and a maximum of {high:g} in {images.dtype} images. {_remedy(low, high)}"
            )

    def is_probability(self, images: np.ndarray) -> bool:
        """Whether exp(log_prob) of these images is a probability, which bits can count, and not a density.

        Args:
            images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
        """
        return False

    @abstractmethod
    def log_prob(self, x: Tensor, parameters: Tensor) -> Tensor:
        """log p(x given z) in nats, summed over pixels and channels: ``(batch,)``."""

    @abstractmethod
    def mean(self, parameters: Tensor) -> Tensor:
        """E[x given z], ``(batch, H, W, C)``."""

    def pixel_variance(self, means: np.ndarray) -> np.ndarray | float | None:
        """The variance of pixels about mean images, of their shape or one number; None where the decoder says it."""
        return None

    @abstractmethod
    def sample(self, parameters: Tensor, seed: Seed) -> Tensor:
        """Draw one image per example, ``(batch, H, W, C)``."""


class Objective(Choice):
    """Axis: what training minimizes.

    Attributes:
        needs: What it asks of the posterior, of ``Posterior.TRAITS``; a posterior without is refused.
    """

    needs: tuple[str, ...] = ()

    @property
    def kl_weight(self) -> float | None:
        """The factor of the KL in the loss, once it is reached; None where the KL has no such factor."""
        return None

    @abstractmethod
    def loss(self, evidence: Evidence) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of each example ``(batch,)`` in nats, and the scalars named in ``logged``."""


AXES: dict[str, type[Choice]] = {
    "network": Network,
    "posterior": Posterior,
    "prior": Prior,
    "likelihood": Likelihood,
    "objective": Objective,
}


class Model(Protocol):
    """What a choice may use of the VAE that it is part of.

    It is lent to the methods that need it. A choice must not keep it: Keras would track a cycle.

    Attributes:
        image_shape: Height, width and channels.
        posterior: q(z given x).
        prior: p(z).
        likelihood: p(x given z).
        step: Number of optimizer steps taken, an int32 scalar.
        images: Number of training images, an int32 scalar; 0 where it is not known.
    """

    image_shape: ImageShape
    posterior: Posterior
    prior: Prior
    likelihood: Likelihood
    step: Any
    images: Any

    @property
    def latent_dim(self) -> int:
        """Numbers in a code."""

    def inference(self, x: Tensor, training: bool = False) -> dict[str, Tensor]:
        """The parameters of q(z given x) for images ``(batch, H, W, C)`` in [0, 1]."""

    def generative(self, z: Tensor, training: bool = False) -> Tensor:
        """The parameters of p(x given z) for codes ``(batch, latent_dim)``, in float32."""

    def noise(self, training: bool) -> Seed:
        """Where random draws come from: training and evaluation have their own."""


@dataclass(frozen=True)
class Evidence:
    """What is known of a batch when its loss is computed, in nats.

    Attributes:
        x: The images in [0, 1], ``(batch, H, W, C)``.
        q: The parameters of q(z given x), with one row per image.
        z: One draw of it each, ``(batch, latent_dim)``, differentiable.
        log_likelihood: log p(x given z) of that draw, ``(batch,)``.
        kl: KL(q(z given x), p(z)), ``(batch, latent_dim)`` where posterior and prior factorize; elsewhere its last
            axis has other parts, or one that holds it all.
        step: Number of optimizer steps taken, a float32 scalar.
        model: The VAE, for what else there is to know or to draw.
        training: Whether the model is being trained; where not, no weight may be moved.
    """

    x: Tensor
    q: dict[str, Tensor]
    z: Tensor
    log_likelihood: Tensor
    kl: Tensor
    step: Tensor
    model: Model
    training: bool

    @property
    def elbo(self) -> Tensor:
        """The evidence lower bound at beta = 1, ``(batch,)``."""
        return self.log_likelihood - ops.sum(self.kl, axis=-1)

    def draws(self, k: int) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """``k`` draws for each image, one whole batch after another; ``z`` is the first.

        Returns:
            The parameters of q, the codes and log p(x given z) of each draw, all with ``k * batch`` rows.
        """
        if k == 1:
            return self.q, self.z, self.log_likelihood
        rest = {name: tiled(value, k - 1) for name, value in self.q.items()}
        z = self.model.posterior.sample(rest, self.model.noise(self.training))
        log_likelihood = self.log_likelihood_of(z, k - 1)
        q = {name: tiled(value, k) for name, value in self.q.items()}
        return q, ops.concatenate([self.z, z]), ops.concatenate([self.log_likelihood, log_likelihood])

    def log_likelihood_of(self, z: Tensor, k: int) -> Tensor:
        """log p(x given z) of ``k`` codes for each image, one whole batch after another, ``(k * batch,)``."""
        return self.model.likelihood.log_prob(tiled(self.x, k), self.model.generative(z, self.training))

    def log_ratio(self, q: dict[str, Tensor], z: Tensor) -> Tensor:
        """log p(z) - log q(z given x), a number for each row."""
        return self.model.prior.log_prob(z, self.model) - self.model.posterior.log_prob(q, z)


def _remedy(low: float, high: float) -> str:
    """What brings pixels of such a range to [0, 1]."""
    if not math.isfinite(low + high):
        return "Find the images with pixels that are no numbers, and drop or mend them."
    if low >= 0 and high <= 255:
        return 'Divide them by 255, or pass them as uint8: x.astype("uint8").'
    if low >= -1 and high <= 1:
        return "Shift them from [-1, 1]: (x + 1) / 2."
    return "Scale the images, or pass them as uint8."
