"""Labels as a condition of both networks: q(z given x, y) and p(x given z, y) (Kingma et al. 2014; Sohn et al. 2015).

The encoder sees one plane per class beside the image, the decoder one number per class beside the code: 1 for the
label's class and 0 for the others. The prior p(z) does not depend on the label, so that a code holds what the label
does not say, and the same code can be decoded as any class. ``log p(x)`` reads ``log p(x given y)`` then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from latente.errors import UserError
from latente.model.numerics import Tensor

INPUTS = ("images", "labels")


def parted(x: Any, classes: int) -> tuple[Any, Any]:
    """Images, and their labels or None, of what ``fit`` takes.

    Raises:
        UserError: There are labels and the VAE knows none, or the other way round.
    """
    if not classes:
        if isinstance(x, Mapping):
            raise _unconditional(f"{', '.join(map(str, x))}")
        return x, None
    if not isinstance(x, Mapping) or set(x) != set(INPUTS):
        received = f"the keys {', '.join(map(str, x))}" if isinstance(x, Mapping) else type(x).__name__
        raise UserError(
            f'A conditional VAE takes {{"images": images, "labels": labels}}. Received {received}: leave classes '
            f"out for a VAE that knows no labels."
        )
    return x["images"], x["labels"]


def checked_labels(labels: Any, n: int, classes: int) -> np.ndarray | None:
    """Labels ``(n,)``, int32, of one label for all or one each; None where there are no classes.

    Raises:
        UserError: They are missing, too many, none of the classes, or not to be given at all.
    """
    if not classes:
        if labels is not None:
            raise _unconditional("labels")
        return None
    known = f"whole numbers 0 to {classes - 1}"
    if labels is None:
        raise UserError(f"This VAE is conditional and needs labels, {known}. Received none: pass labels=...")
    found = np.asarray(ops.convert_to_numpy(labels))
    if not np.issubdtype(found.dtype, np.integer) or found.size == 0:
        raise UserError(f"Labels must be {known}. Received {found.dtype} of the shape {found.shape}.")
    if found.min() < 0 or found.max() >= classes:
        raise UserError(f"Labels must be {known}. Received {found.min()} to {found.max()}.")
    if found.shape not in ((), (n,)):
        raise UserError(f"Expected one label, or one for each of {n}. Received the shape {found.shape}.")
    return np.broadcast_to(found, (n,)).astype("int32")


def with_classes(x: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Images or codes, and the classes beside their last axis: ``(rows, ..., n)`` to ``(rows, ..., n + classes)``.

    There may be a multiple of the labels: several draws for each image come one whole batch after another.
    """
    if not classes:
        return x
    if labels is None:
        raise UserError(f"This VAE is conditional and needs labels 0 to {classes - 1}. Received none.")
    rows, batch = ops.shape(x)[0], ops.shape(labels)[0]
    labels = ops.take(ops.cast(labels, "int32"), ops.arange(rows) % batch, axis=0)
    # Not ops.one_hot, for which PyTorch reads the labels in Python: such a step cannot be recorded.
    each = ops.cast(ops.equal(labels[:, None], ops.arange(classes, dtype="int32")), x.dtype)
    planes = ops.reshape(each, (-1, *[1] * (len(x.shape) - 2), classes))
    return ops.concatenate([x, ops.broadcast_to(planes, (*ops.shape(x)[:-1], classes))], axis=-1)


def _unconditional(received: str) -> UserError:
    return UserError(
        f"This VAE knows no labels. Received {received}: leave labels out, or make the VAE with classes=... "
        f"(latente train --conditional)."
    )
