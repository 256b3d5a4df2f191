"""The VAE: five choices composed into one Keras model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from latente import seeds
from latente.backend import multiplying, replicas, strategy_scope
from latente.errors import UserError
from latente.model.choice import make
from latente.model.compatibility import check_model
from latente.model.conditional import Given
from latente.model.evidence import Evidence
from latente.model.feeding import checked, length, prepared
from latente.model.latent_statistics import LatentStatistics
from latente.model.likelihoods import Likelihood
from latente.model.networks import Network, Own
from latente.model.networks.network import DEFAULT
from latente.model.networks.own import check_unbounded, network_of
from latente.model.numerics import float32_layers
from latente.model.objectives import Objective
from latente.model.pixels import PixelRange, check_shape
from latente.model.posteriors import Posterior
from latente.model.priors import Prior
from latente.model.use import Use
from latente.model.watch import watched

Tensor = Any
TRAINING, EVALUATION = "training noise", "evaluation noise"


@keras.saving.register_keras_serializable(package="latente")
class VAE(Use, keras.Model):
    """A variational autoencoder (Kingma & Welling 2014) for images of one size.

    It is an ordinary Keras model: ``compile(optimizer)``, ``fit(images)``, ``evaluate``, ``save`` and callbacks work
    as on any other. Images are uint8 in [0, 255], or floats in [0, 1], of shape ``(batch, H, W, C)``; there is no
    target. Besides, ``encode``, ``decode``, ``reconstruct``, ``sample``, ``interpolate`` and ``traverse`` take and
    give NumPy arrays.

    With ``classes=10`` it is a conditional VAE: images come with their labels, as ``{"images": x, "labels": y}`` in
    ``fit``, ``evaluate`` and ``predict``, and as ``labels=`` elsewhere; see ``Conditional``.

    Args:
        image_shape: Height, width and channels; may be left out where own networks say it.
        latent_dim: Number of latent dimensions, at least 1; 10 by default, or what own networks have.
        network: The two networks, by name or as an instance.
        posterior: q(z given x), by name or as an instance.
        prior: p(z), by name or as an instance.
        likelihood: p(x given z), by name or as an instance.
        objective: What ``fit`` minimizes, by name or as an instance.
        seed: Seed of the posterior noise; the initial weights follow ``keras.utils.set_random_seed``.
        **kwargs: ``encoder`` and ``decoder``, two Keras models of one's own in place of ``network``; see
            ``latente.model.networks.Own``. ``classes`` of a conditional VAE, 0 for none. ``name`` and ``dtype`` of the
            Keras model, where ``dtype="mixed_bfloat16"`` computes in bfloat16.

    Raises:
        UserError: An argument is outside its range or names no choice, or two choices do not go together.
    """

    tf32 = False
    """Whether ``fit`` multiplies float32 in TF32 where the device has it; evaluation and use never do."""

    def __init__(
        self,
        image_shape: Sequence[int] | None = None,
        latent_dim: int | None = None,
        network: str | Network = DEFAULT,
        posterior: str | Posterior = "DiagonalGaussian",
        prior: str | Prior = "StandardNormal",
        likelihood: str | Likelihood = "Bernoulli",
        objective: str | Objective = "ELBO",
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        chosen = network_of(network, kwargs)
        # Pixels stay as they come: Keras must not round the targets to bfloat16.
        super().__init__(autocast=False, **{"name": "vae", **kwargs})
        self.network = chosen
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
        check_model(self.network, self.posterior, self.prior, self.objective, latent_dim, self.classes > 0)
        self.latent_dim = int(latent_dim)
        images = (None, *self.image_shape)
        self.build({"images": images, "labels": (None,)} if self.classes else images)

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
        with float32_layers():
            for choice, shape in {self.network: image, **about}.items():
                choice.bind(self)
                choice.build(shape)
                choice.bound = True
        logged = ("elbo", "reconstruction", "kl", *self.objective.logged, *self.posterior.logged)
        self.means = {name: keras.metrics.Mean(name=name) for name in logged}
        factorized = self.posterior.factorizes and self.prior.factorizes
        self.latent_statistics = LatentStatistics(self.latent_dim, per_dimension=factorized)
        self.pixel_range = PixelRange()

    def call(self, inputs: Tensor, training: bool = False) -> dict[str, Tensor]:
        """Encode, draw one code per image and decode it.

        Args:
            inputs: Images, or images and labels where it is conditional.
            training: Whether the model is being trained.

        Returns:
            The posterior's parameters (``z_mean``, ``z_log_var``), the code ``z`` and the likelihood's
            ``parameters``, each with one row per image, in float32.
        """
        images, labels = self.parted(inputs)
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
        evidence = self._evidence(*self.parted(x), y_pred, training)
        loss, logs = self.objective.loss(evidence)
        loss, more = self.posterior.adjust(loss, evidence)
        if training:
            self.step.assign_add(1)
        log_likelihood, kl = evidence.log_likelihood, ops.sum(evidence.kl, axis=-1)
        for name, value in {
            "elbo": log_likelihood - kl,
            "reconstruction": -log_likelihood,
            "kl": kl,
            **logs,
            **more,
        }.items():
            self.means[name].update_state(value)
        self.pixel_range.update_state(self.parted(x)[0])
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
        model = Given(self, labels) if self.classes else self
        return Evidence(x, q, y_pred["z"], log_likelihood, kl, step, model, training)

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
        chosen = {axis: getattr(self, axis) for axis in ("network", "posterior", "prior", "likelihood", "objective")}
        return {
            **super().get_config(),
            "image_shape": list(self.image_shape),
            "latent_dim": self.latent_dim,
            "seed": self.seed,
            **({"classes": self.classes} if self.classes else {}),
            **{axis: keras.saving.serialize_keras_object(choice) for axis, choice in chosen.items()},
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> VAE:
        """Rebuild from ``get_config``."""
        return cls(**{k: keras.saving.deserialize_keras_object(v, custom_objects) for k, v in config.items()})
