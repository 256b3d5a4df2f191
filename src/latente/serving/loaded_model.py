"""A trained model that answers requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

import numpy as np
from keras import ops

from latente.backend import compiled
from latente.data import Split
from latente.evaluation.bounds import ElboTerms, elbo_terms
from latente.model.latent_model import Labels, interpolate_codes
from latente.serving.batching import Batched, Rows
from latente.serving.encoded_images import EncodedImages
from latente.training import Run
from latente.training.labels import labels_of

Result = TypeVar("Result")


class LoadedModel:
    """The best weights of a run, and what follows from them; made anew when training finds better ones.

    Args:
        run: The run.
        test: Its test images, where they are at hand.
        worker: Where the model computes, one call after another.
        observe: Is told the rows of each batch.

    Raises:
        UserError: The run has no model yet, or none that can be read.
    """

    def __init__(self, run: Run, test: Split | None, worker: Executor, observe: Callable[[int], None]) -> None:
        self.vae, self.fitted_prior = run.model(), run.fitted_prior
        self.entry = run.epoch_of(self.vae)
        self._worker, self._test = worker, test
        self._encode = Batched(_on_arrays(self._encoded), worker, observe)
        self._decode = Batched(_on_arrays(self._decoded), worker, observe)
        self._encoding = threading.Lock()
        self._test_images: EncodedImages | None = None

    def encode(self, images: np.ndarray, labels: Labels = None) -> Rows:
        """The parameters of q(z given x) of images ``(n, H, W, C)`` in [0, 1], and its ``mean``."""
        self.vae.likelihood.check(images)
        return self._encode(images.astype("float32"), self.vae.checked_labels(labels, len(images)))

    def decode(self, codes: np.ndarray, labels: Labels = None) -> np.ndarray:
        """Mean images ``(n, H, W, C)`` in [0, 1] of codes ``(n, latent_dim)``."""
        labels = self.vae.checked_labels(labels, len(codes))
        return np.clip(self._decode(codes.astype("float32"), labels)["images"], 0, 1)

    def sample_codes(self, n: int, temperature: float, seed: int, own_prior: bool) -> np.ndarray:
        """Draws ``(n, latent_dim)`` of the fitted prior where there is one, or else of the model's own."""
        draw = self.vae.sample_codes if own_prior or self.fitted_prior is None else self.fitted_prior.sample
        return self._in_turn(draw, n, temperature, seed)

    def draw_codes(self, images: np.ndarray, seed: int, labels: Labels) -> np.ndarray:
        """One draw of q(z given x) for each image."""
        return self._in_turn(self.vae.encode, images, True, seed, labels)

    def path(self, ends: np.ndarray, steps: int, path: str, labels: Labels) -> tuple[np.ndarray, np.ndarray]:
        """Images and codes between two images ``(2, H, W, C)``; see ``VAE.interpolate``."""
        first, last = self.encode(ends, labels)["mean"]
        codes = interpolate_codes(first, last, steps, path)
        return self.decode(codes, self.vae.nearer(labels, steps)), codes

    def traverse(
        self, dimensions: Sequence[int], levels: Sequence[float], centre: np.ndarray | None, label: int | None
    ) -> np.ndarray:
        """Images ``(dimensions, levels, H, W, C)``; see ``VAE.traverse``."""
        return self._in_turn(self.vae.traverse, dimensions, levels, centre, label)

    def elbo_terms(self, images: np.ndarray, seed: int, labels: Labels) -> ElboTerms:
        """The parts of the ELBO for each image, in nats."""
        return self._in_turn(elbo_terms, self.vae, images, seed, self.vae.checked_labels(labels, len(images)))

    def test_images(self) -> EncodedImages | None:
        """The test images with their codes, encoded at the first call; None where they are not at hand."""
        with self._encoding:
            if self._test_images is None and self._test is not None:
                labels = labels_of(self.vae, self._test)
                self._test_images = EncodedImages(self._test, self.encode, self.elbo_terms, labels)
        return self._test_images

    def _encoded(self, images: Any, labels: Any) -> dict[str, Any]:
        parameters = self.vae.inference(images, labels=labels)
        return {**parameters, "mean": self.vae.posterior.mean(parameters)}

    def _decoded(self, codes: Any, labels: Any) -> dict[str, Any]:
        return {"images": self.vae.likelihood.mean(self.vae.generative(codes, labels=labels))}

    def _in_turn(self, function: Callable[..., Result], *arguments: Any) -> Result:
        return self._worker.submit(function, *arguments).result()


def _on_arrays(function: Callable[[Any, Any], dict[str, Any]]) -> Callable[[np.ndarray, np.ndarray | None], Rows]:
    """A function of tensors, compiled, as one of arrays."""
    graph = compiled(function)

    def call(rows: np.ndarray, labels: np.ndarray | None) -> Rows:
        tensors = ops.convert_to_tensor(rows), None if labels is None else ops.convert_to_tensor(labels)
        return {name: ops.convert_to_numpy(value) for name, value in graph(*tensors).items()}

    return call
