"""What people feed to Keras's ``fit``, ``evaluate`` and ``predict``, looked at before Keras is given it."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from latente.backend import check_bfloat16, replicas_of
from latente.errors import UserError
from latente.model.arrays import ImageShape, as_array, check_shape
from latente.model.axes import Likelihood, Posterior
from latente.model.conditional import checked_labels, parted


class Trainable(Protocol):
    """What is asked here of a VAE, whose file this one may not import."""

    image_shape: ImageShape
    classes: int
    posterior: Posterior
    likelihood: Likelihood
    means: dict[str, keras.metrics.Mean]
    compute_dtype: str

    def get_compile_config(self) -> dict[str, Any] | None:
        """What ``compile`` was given."""


@dataclass(frozen=True)
class Fed:
    """What Keras is to be given, and what is known of it.

    Attributes:
        x: Images, or a stream of batches.
        first: Its first batch, ``(images,)``, ``(images, targets)`` or ``(images, targets, weights)``; all of it where
            it is no stream, and None where it cannot be looked into.
        stream: Whether it comes batch by batch.
    """

    x: Any
    first: tuple[Any, ...] | None
    stream: bool


def prepared(vae: Trainable, verb: Callable[..., Any], *args: Any, **kwargs: Any) -> inspect.BoundArguments:
    """The arguments of ``fit`` or ``evaluate``, with what they feed, validation data included, checked.

    Raises:
        UserError: It is nothing that a VAE learns from.
    """
    _check_compiled(vae)
    if vae.compute_dtype == "bfloat16":
        check_bfloat16()
    if replicas_of(vae) > 1 and not vae.posterior.replicates:
        raise UserError(
            f"Posterior {type(vae.posterior).__name__} moves its codebook from one batch. Received a strategy of "
            f"{replicas_of(vae)} replicas: train on one device, or choose FSQ, which has no codebook."
        )
    bound = inspect.signature(verb).bind(*args, **kwargs)
    given = bound.arguments
    fed = checked(vae, given.get("x"))
    given["x"] = fed.x
    given["y"] = _target(vae, fed, given.get("y"), given.get("sample_weight"))
    if given.get("class_weight") is not None and given["y"] is None and not (fed.first and len(fed.first) > 1):
        raise UserError(
            "class_weight weighs images by the class in their target. Received images without targets: pass "
            "sample_weight, one number for each image, or labels as y."
        )
    if given.get("validation_data") is not None:
        given["validation_data"] = _validation(vae, given["validation_data"])
    return bound


def _check_compiled(vae: Trainable) -> None:
    given = vae.get_compile_config() or {}
    if (loss := given.get("loss")) is not None:
        raise UserError(f"A VAE's loss is its objective. Received loss={loss!r}: choose VAE(objective=...).")
    for kind in ("metrics", "weighted_metrics"):
        if given.get(kind) and not isinstance(given[kind], Mapping):
            raise UserError(
                f"A VAE logs {', '.join(vae.means)} and active_units by itself. Received {kind} in compile: leave "
                f'them out, or compare an output with a target, {kind}={{"parameters": ...}}.'
            )


def _validation(vae: Trainable, data: Any) -> tuple[Any, ...]:
    x, *rest = data if isinstance(data, tuple | list) else (data,)
    fed = checked(vae, x)
    y, weight = [*rest, None, None][:2]
    y = _target(vae, fed, y, weight)
    return (fed.x, y, weight) if weight is not None else (fed.x, y) if y is not None else (fed.x,)


def _target(vae: Trainable, fed: Fed, y: Any, weight: Any) -> Any:
    """A target where Keras would otherwise drop the sample weights."""
    return parted(fed.x, vae.classes)[0] if y is None and weight is not None and not fed.stream else y


def length(vae: Trainable, x: Any) -> int | None:
    """How many images there are; None of a stream."""
    return len(parted(x, vae.classes)[0]) if isinstance(x, Mapping) or hasattr(x, "__array__") else None


def checked(vae: Trainable, x: Any) -> Fed:
    """``x`` in a form that Keras takes, with its images, or those of its first batch, checked.

    Raises:
        UserError: It is of no such form, or its images have another shape, another range or wrong labels.
    """
    fed = _opened(x)
    if fed.first is None:
        return fed
    if not 1 <= len(fed.first) <= 3:
        raise UserError(
            f"A batch is images, (images,), (images, targets) or (images, targets, weights). Received "
            f"{len(fed.first)} parts."
        )
    images, labels = parted(fed.first[0], vae.classes)
    table = hasattr(images, "iloc")
    images = as_array(images)
    try:
        check_shape(images.shape, vae.image_shape)
    except UserError as error:
        raise UserError(f"{error} A DataFrame becomes an array by .to_numpy()." if table else str(error)) from None
    if len(images) == 0:
        raise UserError("Expected at least 1 image. Received none.")
    check_pixels(vae, images, fed.stream)
    checked_labels(labels, len(images), vae.classes)
    return fed


def check_pixels(vae: Trainable, pixels: np.ndarray, of_stream: bool) -> None:
    """``Likelihood.check``; of a stream the refusal says where its pixels are changed."""
    try:
        vae.likelihood.check(pixels)
    except UserError as error:
        if not of_stream or pixels.max() <= 1:
            raise
        raise UserError(
            f"{error} A tf.data.Dataset is scaled by .map(lambda x: x / 255), or .map(lambda x, y: x / 255) where it "
            f'has labels; a folder of images is also read by latente.data.load("folder:PATH").'
        ) from None


def _opened(x: Any) -> Fed:
    if isinstance(x, Mapping):
        x = {name: _whole(part) for name, part in x.items()}
        return Fed(x, (x,), stream=False)
    if isinstance(x, list) or hasattr(x, "__array__"):
        x = _whole(x)
        return Fed(x, (x,), stream=False)
    with _undisturbed(x):
        if isinstance(x, keras.utils.PyDataset):
            found = None if x.num_batches == 0 else x[0]
        elif hasattr(x, "element_spec"):  # a tf.data.Dataset
            if not hasattr(x, "take"):  # one that is already distributed over devices
                return Fed(x, None, stream=True)
            found = next(iter(x.take(1)), None)
        elif isinstance(x, Iterator):
            found = next(x, None)
            x = (_batch(batch) for batch in itertools.chain([found], x))  # Keras takes tuples from generators only
        elif _from("torch", x) and hasattr(x, "dataset"):
            found = next(iter(x), None)
        elif _from("keras", x) or _from("grain", x):  # an adapter of Keras's own, or what it does not document
            return Fed(x, None, stream=True)
        else:
            raise UserError(
                f"Expected images as an array, a tf.data.Dataset, a keras.utils.PyDataset, a torch DataLoader or a "
                f"generator. Received {type(x).__module__}.{type(x).__qualname__}."
            )
    if found is None:
        raise UserError("Expected at least 1 batch of images. Received none.")
    return Fed(x, _batch(found), stream=True)


def _whole(x: Any) -> Any:
    """An array-like as Keras takes it: as it is where the backend or NumPy made it."""
    return x if isinstance(x, np.ndarray) or keras.ops.is_tensor(x) or hasattr(x, "iloc") else as_array(x)


def _batch(batch: Any) -> tuple[Any, ...]:
    return tuple(batch) if isinstance(batch, tuple | list) else (batch,)


def _from(package: str, x: Any) -> bool:
    return any(each.__module__.partition(".")[0] == package for each in type(x).__mro__)


@contextlib.contextmanager
def _undisturbed(x: Any) -> Iterator[None]:
    """Keep the generators of random numbers as they are, so that looking at a batch changes none that follows."""
    python, numpy = random.getstate(), np.random.get_state()
    own: list[Any] = [
        getattr(part, "generator", None) for part in (x, getattr(x, "sampler", None))
    ]  # those of a DataLoader
    states = [(generator, generator.get_state()) for generator in own if hasattr(generator, "get_state")]
    torch = sys.modules.get("torch")
    try:
        with torch.random.fork_rng(devices=[]) if torch else contextlib.nullcontext():
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        for generator, state in states:
            generator.set_state(state)
