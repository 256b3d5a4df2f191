"""The VAE: five choices composed into one Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from latente import seeds
from latente.backend import keras_config, multiplying, replicas, strategy_scope
from latente.errors import UserError
from latente.model.arrays import as_array, check_shape, in_batches
from latente.model.axes import AXES, DEFAULT_NETWORK, Evidence, Likelihood, Network, Objective, Posterior, Prior, Tensor
from latente.model.choice import make
from latente.model.compatibility import check_model
from latente.model.conditional import parted, with_classes
from latente.model.feeding import checked, length, prepared
from latente.model.latent_model import Labels, LatentModel, Moments
from latente.model.latent_statistics import LatentStatistics
from latente.model.networks.own import Own, check_unbounded, network_of
from latente.model.pixel_range import PixelRange
from latente.model.posteriors.diagonal_gaussian import DiagonalGaussian
from latente.model.priors.standard_normal import StandardNormal
from latente.model.watch import watched

TRAINING, EVALUATION = "training noise", "evaluation noise"


@keras.saving.register_keras_serializable(package="latente")
class VAE(LatentModel, keras.Model):
    """A variational autoencoder (Kingma & Welling 2014) for images of one size.

    It is an ordinary Keras model: ``compile(optimizer)``, ``fit(images)``, ``evaluate``, ``save`` and callbacks work
    as on any other. Images are uint8 in [0, 255], or floats in [0, 1], of shape ``(batch, H, W, C)``; there is no
    target. Besides, ``encode``, ``decode``, ``reconstruct``, ``sample``, ``interpolate`` and ``traverse`` take and
    give NumPy arrays.

    With ``classes=10`` it is a conditional VAE: images come with their labels, as ``{"images": x, "labels": y}`` in
    ``fit``, ``evaluate`` and ``predict``, and as ``labels=`` elsewhere; see ``latente.model.conditional``.

    Args:
        image_shape: Height, width and channels; may be left out where own networks say it.
        latent_dim: Number of latent dimensions, at least 1; 10 by default, or what own networks have.
        network: The two networks, by name or as an instance.
        posterior: q(z given x), by name or as an instance.
        prior: p(z), by name or as an instance.
        likelihood: p(x given z), by name or as an instance.
        objective: What ``fit`` minimizes, by name or as an instance.
        seed: Seed of the posterior noise; the initial weights follow ``keras.utils.set_random_seed``.
        classes: Number of classes of a conditional VAE; 0 for one that knows no labels.
        encoder: A Keras model of one's own, with ``decoder`` in place of ``network``; see
            ``latente.model.networks.Own``.
        decoder: The other one.
        **kwargs: ``name`` and ``dtype`` of the Keras model, where ``dtype="mixed_bfloat16"`` computes in bfloat16.

    Raises:
        UserError: An argument is outside its range or names no choice, or two choices do not go together.
    """

    tf32 = False
    """Whether ``fit`` multiplies float32 in TF32 where the device has it; evaluation and use never do."""

    def __init__(
        self,
        image_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        network: str | Network = DEFAULT_NETWORK,
        posterior: str | Posterior = "DiagonalGaussian",
        prior: str | Prior = "StandardNormal",
        likelihood: str | Likelihood = "Bernoulli",
        objective: str | Objective = "ELBO",
        seed: int = 0,
        *,
        classes: int = 0,
        encoder: Any = None,
        decoder: Any = None,
        **kwargs: Any,
    ) -> None:
        # Pixels stay as they come: Keras must not round the targets to bfloat16.
        super().__init__(autocast=False, **{"name": "vae", **kwargs})
        if classes < 0:
            raise UserError(f"classes must be at least 0. Received {classes}.")
        self.classes = classes
        self.network = network_of(network, encoder, decoder)
        image_shape, latent_dim = self.network.sizes(image_shape, latent_dim, self.classes)
        sides = image_shape if isinstance(image_shape, Sequence | np.ndarray) else ()
        if len(sides) != 3 or not all(isinstance(side, int | np.integer) and side >= 1 for side in sides):
            raise UserError(f"image_shape must be (height, width, channels), each at least 1. Received {image_shape}.")
        height, width, channels = (int(side) for side in image_shape)
        self.image_shape = (height, width, channels)
        self.seed = seed
        self.posterior = make(Posterior, posterior)
        self.prior = make(Prior, prior)
        self.likelihood = make(Likelihood, likelihood)
        self.objective = make(Objective, objective)
        check_model(self.network, self.posterior, self.prior, self.objective, latent_dim, classes > 0)
        self._latent_dim = int(latent_dim)
        self.discrete, self.likelihood_name = not self.posterior.density, type(self.likelihood).__name__
        self.factorizes = self.posterior.factorizes and self.prior.factorizes
        self.standard = isinstance(self.posterior, DiagonalGaussian) and isinstance(self.prior, StandardNormal)
        images = (None, *self.image_shape)
        self.build({"images": images, "labels": (None,)} if classes else images)

    def build(self, input_shape: Any) -> None:
        """Make the networks and all other weights, for images ``(batch, H, W, C)``; the constructor calls it.

        It does nothing more when it is called again, as one is used to with Keras models.
        """
        if self.built:
            return
        policy = self.dtype_policy
        height, width, depth = self.image_shape
        self.encoder = self.network.encoder(
            (height, width, depth + self.classes), self.posterior.units(self.latent_dim), policy, self.latent_dim
        )
        channels = self.likelihood.channels(self.image_shape[-1])
        self.decoder = self.network.decoder(self.latent_dim + self.classes, self.image_shape, channels, policy)
        if isinstance(self.network, Own) and self.likelihood.unbounded:
            check_unbounded(self.decoder, self.latent_dim + self.classes)
        count = {"shape": (), "initializer": "zeros", "dtype": "int32", "trainable": False}
        self.step = self.add_weight(name="step", aggregation="only_first_replica", **count)
        self.images = self.add_weight(name="images", **count)
        self.training_noise = seeds.noise(self.seed, TRAINING)
        self.evaluation_noise = seeds.noise(self.seed, EVALUATION)
        image, code = (None, *self.image_shape), (None, self.latent_dim)
        about = {self.posterior: code, self.prior: code, self.likelihood: image, self.objective: (None,)}
        with keras_config("dtype_policy", "float32"):  # nothing of these may be rounded
            for choice, shape in {self.network: image, **about}.items():
                choice.bind(self)
                choice.build(shape)
                choice.bound = True
        logged = ("elbo", "reconstruction", "kl", *self.objective.logged, *self.posterior.logged)
        self.means = {name: keras.metrics.Mean(name=name) for name in logged}
        self.latent_statistics = LatentStatistics(self.latent_dim, self.factorizes)
        self.pixel_range = PixelRange()

    @property
    def latent_dim(self) -> int:
        """Numbers in a code."""
        return self._latent_dim

    # The model in tensors: what training and the choices use.

    def noise(self, training: bool) -> keras.random.SeedGenerator:
        """Where random draws come from: training and evaluation have their own."""
        return self.training_noise if training else self.evaluation_noise

    def unit_scale(self, images: Tensor) -> Tensor:
        """Images as float32 in [0, 1]: uint8 is divided by 255 in the graph, floats stay as they are."""
        if keras.backend.standardize_dtype(images.dtype) == "uint8":
            return ops.cast(images, "float32") / 255.0
        return ops.cast(images, "float32")

    def inference(self, x: Tensor, training: bool = False, labels: Tensor = None) -> dict[str, Tensor]:
        """The parameters of q(z given x) for images ``(batch, H, W, C)`` in [0, 1]."""
        encoded = self.encoder(with_classes(x, labels, self.classes), training=training)
        return self.posterior.parameters(encoded)

    def generative(self, z: Tensor, training: bool = False, labels: Tensor = None) -> Tensor:
        """The parameters of p(x given z), in float32, for codes ``(batch, latent_dim)``."""
        return ops.cast(self.decoder(with_classes(z, labels, self.classes), training=training), "float32")

    def call(self, inputs: Tensor, training: bool = False) -> dict[str, Tensor]:
        """Encode, draw one code per image and decode it.

        Args:
            inputs: Images, or images and labels where it is conditional.
            training: Whether the model is being trained.

        Returns:
            The posterior's parameters (``z_mean``, ``z_log_var``), the code ``z`` and the likelihood's
            ``parameters``, each with one row per image, in float32.
        """
        images, labels = parted(inputs, self.classes)
        check_shape(images.shape, self.image_shape)
        q = self.inference(self.unit_scale(images), training, labels)
        z = self.posterior.sample(q, self.noise(training))
        return {**q, "z": z, "parameters": self.generative(z, training, labels)}

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: dict[str, Tensor] | None = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """The objective's loss in nats: summed over pixels and latents, averaged over examples once."""
        assert y_pred is not None
        images, labels = parted(x, self.classes)
        evidence = self._evidence(images, labels, y_pred, training)
        loss, logs = self.objective.loss(evidence)
        loss, more = self.posterior.adjust(loss, evidence)
        if training:
            self.step.assign_add(1)
        log_likelihood, kl = evidence.log_likelihood, ops.sum(evidence.kl, axis=-1)
        figures = {"elbo": log_likelihood - kl, "reconstruction": -log_likelihood, "kl": kl, **logs, **more}
        for name, value in figures.items():
            self.means[name].update_state(value)
        self.pixel_range.update_state(images)
        self.latent_statistics.update_state(self.posterior.mean(evidence.q), evidence.kl)
        if sample_weight is not None:
            loss = loss * ops.cast(sample_weight, loss.dtype)
        return (ops.mean(loss) + sum(self.losses)) / replicas()  # Keras sums over replicas what each gives

    def _evidence(self, images: Tensor, labels: Tensor, y_pred: dict[str, Tensor], training: bool) -> Evidence:
        x = self.unit_scale(images)
        q = {name: value for name, value in y_pred.items() if name not in ("z", "parameters")}
        log_likelihood = self.likelihood.log_prob(x, y_pred["parameters"])
        kl = self.prior.kl(q, y_pred["z"], self)
        step = ops.cast(self.step, "float32")
        model = Conditioned(self, labels) if self.classes else self
        return Evidence(x, q, y_pred["z"], log_likelihood, kl, step, model, training)

    # The model in NumPy arrays: what it is used by; see LatentModel for the rest.

    @multiplying("float32")
    def posterior_parameters(self, images: np.ndarray, labels: Labels = None) -> dict[str, np.ndarray]:
        """The parameters of q(z given x) for each image, such as ``z_mean`` and ``z_log_var``.

        Args:
            images: uint8 in [0, 255] or floats in [0, 1], ``(n, H, W, C)``.
            labels: The classes of the images, where the VAE is conditional.
        """
        images = self._checked(images)
        labels = self.checked_labels(labels, len(images))
        return in_batches(lambda x, y: self.inference(self.unit_scale(x), labels=y), images, labels)

    def moments(self, images: np.ndarray, labels: Labels = None) -> Moments:
        """Means and log-variances of q(z given x) of images, each ``(n, latent_dim)``.

        Raises:
            UserError: The posterior is no diagonal Gaussian.
        """
        if not isinstance(self.posterior, DiagonalGaussian):
            raise UserError(
                f"Means and log-variances of latents need the posterior DiagonalGaussian. Received "
                f"{type(self.posterior).__name__}: posterior_parameters gives what it has."
            )
        q = self.posterior_parameters(images, labels)
        return q["z_mean"].astype("float64"), q["z_log_var"].astype("float64")

    @multiplying("float32")
    def encode(self, images: np.ndarray, sample: bool = False, seed: int = 0, labels: Labels = None) -> np.ndarray:
        """Codes ``(n, latent_dim)`` of images: the posterior means, or one draw each if ``sample``."""
        parameters = self.posterior_parameters(images, labels)
        if not sample:
            return ops.convert_to_numpy(self.posterior.mean(parameters))
        tensors = {name: ops.convert_to_tensor(value) for name, value in parameters.items()}
        return ops.convert_to_numpy(self.posterior.sample(tensors, seeds.noise(seed, "codes of images")))

    @multiplying("float32")
    def decode(self, codes: np.ndarray, labels: Labels = None) -> np.ndarray:
        """Mean images ``(n, H, W, C)``, float32 in [0, 1], of codes ``(n, latent_dim)``."""
        codes = as_array(codes).astype("float32")
        if codes.ndim != 2 or codes.shape[1] != self.latent_dim:
            raise UserError(f"decode needs codes of shape (n, {self.latent_dim}). Received {codes.shape}.")
        labels = self.checked_labels(labels, len(codes))
        mean = in_batches(lambda z, y: self.likelihood.mean(self.generative(z, labels=y)), codes, labels)
        return np.clip(mean, 0.0, 1.0)

    @multiplying("float32")
    def reconstruction(self, images: np.ndarray, codes: np.ndarray, labels: Labels = None) -> np.ndarray:
        """-log p(x given z) in nats of images ``(n, H, W, C)`` and a code for each, ``(n,)``.

        Raises:
            UserError: The images have another shape or range, or there are more or fewer codes.
        """
        images, codes = self._checked(images), as_array(codes).astype("float32")
        if codes.shape != (len(images), self.latent_dim):
            raise UserError(
                f"reconstruction needs a code for each of {len(images)} images, of {self.latent_dim} numbers. Received "
                f"{codes.shape}."
            )

        def nats(x: Tensor, z: Tensor, y: Tensor) -> Tensor:
            return -self.likelihood.log_prob(self.unit_scale(x), self.generative(z, labels=y))

        return in_batches(nats, images, codes, self.checked_labels(labels, len(codes))).astype("float64")

    @multiplying("float32")
    def sample_codes(self, n: int, temperature: float = 1.0, seed: int | None = 0) -> np.ndarray:
        """Draws of the prior ``(n, latent_dim)``."""
        if n < 1:
            raise UserError(f"The number of samples must be at least 1. Received {n}.")
        if not 0 <= temperature < float("inf"):
            raise UserError(f"temperature must be a finite number of at least 0. Received {temperature}.")
        return ops.convert_to_numpy(self.prior.sample(n, self, seeds.noise(seed, "samples"), temperature))

    def pixel_variance(self, means: np.ndarray) -> np.ndarray | float | None:
        """That of the likelihood."""
        return self.likelihood.pixel_variance(means)

    def _checked(self, images: np.ndarray) -> np.ndarray:
        images = as_array(images)
        check_shape(images.shape, self.image_shape)
        self.likelihood.check(images)
        return images

    # The Keras model.

    @property
    def _training_precision(self) -> str:
        return "tf32" if self.tf32 else "float32"

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Keras's ``fit``; what it is fed is checked first, and the images of an array are counted."""
        given = prepared(self, super().fit, x, y, *args, **kwargs)
        if (count := length(self, given.arguments["x"])) is not None:
            self.images.assign(count)
        if self.compiled and not self.optimizer.built:  # built in the first step, it makes TensorFlow trace that twice
            with strategy_scope(self):
                self.optimizer.build(self.trainable_variables)
        given.arguments["callbacks"] = watched(given.arguments.get("callbacks"))
        with multiplying(self._training_precision):
            return super().fit(*given.args, **given.kwargs)

    @multiplying("float32")
    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Keras's ``evaluate``, with the same posterior noise each time, so that two calls agree."""
        self.evaluation_noise.state.assign([seeds.spread(self.seed, EVALUATION), 0])
        if kwargs.get("_use_cached_eval_dataset"):  # within fit, which has checked it
            return super().evaluate(x, y, *args, **kwargs)
        given = prepared(self, super().evaluate, x, y, *args, **kwargs)
        given.arguments["callbacks"] = watched(given.arguments.get("callbacks"))
        return super().evaluate(*given.args, **given.kwargs)

    @multiplying("float32")
    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Keras's ``predict``, with the same posterior noise each time, so that two calls agree."""
        self.evaluation_noise.state.assign([seeds.spread(self.seed, EVALUATION), 0])
        return super().predict(checked(self, x).x, *args, **kwargs)

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Keras's ``train_on_batch`` on a checked batch."""
        with multiplying(self._training_precision):
            return super().train_on_batch(checked(self, x).x, *args, **kwargs)

    @multiplying("float32")
    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Keras's ``test_on_batch`` on a checked batch."""
        return super().test_on_batch(checked(self, x).x, *args, **kwargs)

    @multiplying("float32")
    def predict_on_batch(self, x: Any) -> Any:
        """Keras's ``predict_on_batch`` on a checked batch."""
        return super().predict_on_batch(checked(self, x).x)

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Keras's ``save``, to a ``.keras`` file."""
        if str(filepath).endswith((".h5", ".hdf5")):
            raise UserError(f"A VAE is saved as a .keras file. Received {filepath}: the older format cannot hold it.")
        super().save(filepath, *args, **kwargs)

    def export(
        self, filepath: Any, format: str = "tf_saved_model", verbose: Any = None, input_signature: Any = None, **kw: Any
    ) -> None:
        """Keras's ``export`` of the whole model, whose input is known without a call: float images in [0, 1].

        ``latente export`` gives encoder and decoder by themselves, without noise.
        """
        images = keras.InputSpec(dtype="float32", shape=(None, *self.image_shape))
        labels = keras.InputSpec(dtype="int32", shape=(None,))
        signature = input_signature or [{"images": images, "labels": labels} if self.classes else images]
        super().export(filepath, format, verbose, signature, **kw)

    def save_own_variables(self, store: Any) -> None:
        """Save the step, the number of training images and the state of the noise, which Keras itself leaves out."""
        store["step"] = self.step
        store["images"] = self.images
        store["training_noise"] = self.training_noise.state

    def load_own_variables(self, store: Any) -> None:
        """Load what ``save_own_variables`` saved, so that training goes on with the noise that was to come."""
        self.step.assign(store["step"])
        self.images.assign(store["images"])
        self.training_noise.state.assign(store["training_noise"])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with each choice serialized."""
        return {
            **super().get_config(),
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "seed": self.seed,
            **({"classes": self.classes} if self.classes else {}),
            **{axis: keras.saving.serialize_keras_object(getattr(self, axis)) for axis in AXES},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> VAE:
        """Rebuild from ``get_config``."""
        return cls(**{k: keras.saving.deserialize_keras_object(v, custom_objects) for k, v in config.items()})


class Conditioned:
    """A conditional VAE with the labels of a batch filled in: the ``Model`` that its choices are lent.

    Args:
        vae: The VAE.
        labels: ``(batch,)``.
    """

    def __init__(self, vae: VAE, labels: Tensor) -> None:
        self._vae, self._labels = vae, labels
        self.image_shape, self.latent_dim = vae.image_shape, vae.latent_dim
        self.posterior, self.prior, self.likelihood = vae.posterior, vae.prior, vae.likelihood
        self.step, self.images = vae.step, vae.images
        self.noise = vae.noise

    def inference(self, x: Tensor, training: bool = False) -> dict[str, Tensor]:
        """The parameters of q(z given x, y)."""
        return self._vae.inference(x, training, self._labels)

    def generative(self, z: Tensor, training: bool = False) -> Tensor:
        """The parameters of p(x given z, y)."""
        return self._vae.generative(z, training, self._labels)
