"""What the choices of a model may know of each other: the model around them, and the evidence of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import keras
from keras import ops

if TYPE_CHECKING:
    from latente.model.likelihoods import Likelihood
    from latente.model.posteriors import Posterior
    from latente.model.priors import Prior

Tensor = Any


class Model(Protocol):
    """What a choice may use of the VAE that it is part of.

    It is lent to the methods that need it. A choice must not keep it: Keras would track a cycle.

    Attributes:
        image_shape: Height, width and channels.
        latent_dim: Numbers in a code.
        posterior: q(z given x).
        prior: p(z).
        likelihood: p(x given z).
        step: Number of optimizer steps taken, an int32 scalar.
        images: Number of training images, an int32 scalar; 0 where it is not known.
    """

    image_shape: tuple[int, int, int]
    latent_dim: int
    posterior: Posterior
    prior: Prior
    likelihood: Likelihood
    step: Any
    images: Any

    def inference(self, x: Tensor, training: bool = False) -> dict[str, Tensor]:
        """The parameters of q(z given x) for images ``(batch, H, W, C)`` in [0, 1]."""

    def generative(self, z: Tensor, training: bool = False) -> Tensor:
        """The parameters of p(x given z) for codes ``(batch, latent_dim)``, in float32."""

    def noise(self, training: bool) -> keras.random.SeedGenerator:
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
