"""Labels as a condition of both networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from latente.errors import UserError

if TYPE_CHECKING:
    from latente.model.use import Use

Tensor = Any
INPUTS = ("images", "labels")


class Conditional:
    """The conditional VAE: q(z given x, y) and p(x given z, y) for labels y (Kingma et al. 2014; Sohn et al. 2015).

    The encoder sees one plane per class beside the image, the decoder one number per class beside the code: 1 for the
    label's class and 0 for the others. The prior p(z) does not depend on the label, so that a code holds what the
    label does not say, and the same code can be decoded as any class. ``log p(x)`` reads ``log p(x given y)`` then.

    Args:
        classes: Number of classes; 0 for a VAE that knows no labels.
        **kwargs: As for a Keras model.

    Raises:
        UserError: The number is negative.
    """

    def __init__(self, classes: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if classes < 0:
            raise UserError(f"classes must be at least 0. Received {classes}.")
        self.classes = classes

    def parted(self, x: Any) -> tuple[Any, Any]:
        """Images, and their labels or None, of what ``fit`` takes.

        Raises:
            UserError: There are labels and the VAE knows none, or the other way round.
        """
        if not self.classes:
            if isinstance(x, Mapping):
                raise self._unconditional(f"{', '.join(map(str, x))}")
            return x, None
        if not isinstance(x, Mapping) or set(x) != set(INPUTS):
            received = f"the keys {', '.join(map(str, x))}" if isinstance(x, Mapping) else type(x).__name__
            raise UserError(
                f'A conditional VAE takes {{"images": images, "labels": labels}}. Received {received}: leave classes '
                f"out for a VAE that knows no labels."
            )
        return x["images"], x["labels"]

    def checked_labels(self, labels: Any, n: int) -> np.ndarray | None:
        """Labels ``(n,)``, int32, of one label for all or one each; None where the VAE knows none.

        Raises:
            UserError: They are missing, too many, no classes of this VAE, or not to be given at all.
        """
        if not self.classes:
            if labels is not None:
                raise self._unconditional("labels")
            return None
        classes = f"whole numbers 0 to {self.classes - 1}"
        if labels is None:
            raise UserError(f"This VAE is conditional and needs labels, {classes}. Received none: pass labels=...")
        found = np.asarray(ops.convert_to_numpy(labels))
        if not np.issubdtype(found.dtype, np.integer) or found.size == 0:
            raise UserError(f"Labels must be {classes}. Received {found.dtype} of the shape {found.shape}.")
        if found.min() < 0 or found.max() >= self.classes:
            raise UserError(f"Labels must be {classes}. Received {found.min()} to {found.max()}.")
        if found.shape not in ((), (n,)):
            raise UserError(f"Expected one label, or one for each of {n}. Received the shape {found.shape}.")
        return np.broadcast_to(found, (n,)).astype("int32")

    def nearer(self, labels: Any, steps: int) -> np.ndarray | None:
        """The labels ``(steps,)`` of a path between two labelled ends: that of the nearer end."""
        ends = self.checked_labels(labels, 2)
        return None if ends is None else np.repeat(ends, [(steps + 1) // 2, steps // 2])

    def evenly(self, n: int) -> np.ndarray | None:
        """Labels ``(n,)`` of every class in turn: 0, 1, ... classes - 1, 0, ...; None where the VAE knows none."""
        return np.arange(n, dtype="int32") % self.classes if self.classes else None

    def joined(self, x: Tensor, labels: Tensor) -> Tensor:
        """Images or codes, and the classes beside their last axis: ``(rows, ..., n)`` to ``(rows, ..., n + classes)``.

        There may be a multiple of the labels: several draws for each image come one whole batch after another.
        """
        if not self.classes:
            return x
        if labels is None:
            raise UserError(f"This VAE is conditional and needs labels 0 to {self.classes - 1}. Received none.")
        rows, batch = ops.shape(x)[0], ops.shape(labels)[0]
        labels = ops.take(ops.cast(labels, "int32"), ops.arange(rows) % batch, axis=0)
        each = ops.one_hot(labels, self.classes, dtype=x.dtype)
        planes = ops.reshape(each, (-1, *[1] * (len(x.shape) - 2), self.classes))
        return ops.concatenate([x, ops.broadcast_to(planes, (*ops.shape(x)[:-1], self.classes))], axis=-1)

    @staticmethod
    def _unconditional(received: str) -> UserError:
        return UserError(
            f"This VAE knows no labels. Received {received}: leave labels out, or make the VAE with classes=... "
            f"(latente train --conditional)."
        )


class Given:
    """A conditional VAE with the labels of a batch filled in: the ``Model`` that its choices are lent.

    Args:
        vae: The VAE.
        labels: ``(batch,)``.
    """

    def __init__(self, vae: Use, labels: Tensor) -> None:
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
