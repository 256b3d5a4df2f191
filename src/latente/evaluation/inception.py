"""Features of the Inception network, where its weights are at hand: the kind of space that published distances use."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from latente.backend import keras_config, multiplying
from latente.errors import UserError
from latente.model.arrays import in_batches

SPACE = "keras-inception-v3"
"""The name says Keras: the weights of Heusel et al. (2017) differ, and so do their distances."""
SIDE = 299
BATCH = 50


class Inception:
    """Inception-v3 without its top (Szegedy et al. 2016), from ``keras.applications``.

    Args:
        weights: Keras's file of its ImageNet weights without the top
            (``inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5``); Latente downloads nothing.

    Raises:
        UserError: The file is not there, or holds other weights.
    """

    def __init__(self, weights: str | Path) -> None:
        if not Path(weights).is_file():
            raise UserError(f"Inception needs a file of its weights. There is none at {weights}.")
        try:
            # Keras's applications ask the global setting alone.
            with warnings.catch_warnings(), keras_config("image_data_format", "channels_last"):
                # Of a file that lacks some weights Keras warns, and leaves those as chance made them.
                warnings.simplefilter("error", UserWarning)
                self.network = keras.applications.InceptionV3(include_top=False, pooling="avg", weights=str(weights))
        except (ValueError, OSError, UserWarning) as error:
            raise UserError(f"{weights} holds no weights of Inception-v3 without its top: {error}") from None

    def features(self, images: np.ndarray) -> np.ndarray:
        """Pooled features ``(n, 2048)`` of images ``(n, H, W, C)`` in [0, 1]; grey ones are three equal channels.

        Raises:
            UserError: The images have another number of channels than 1 or 3.
        """
        if images.shape[-1] not in (1, 3):
            raise UserError(f"Inception sees grey or colour images. Received {images.shape[-1]} channels.")
        return in_batches(self._of, images, size=BATCH)

    @multiplying("float32")
    def _of(self, images: np.ndarray) -> Any:
        colour = np.broadcast_to(images, (*images.shape[:3], 3)).astype("float32")
        # Antialiased only where it shrinks, as nothing else does.
        resized = ops.image.resize(
            2 * colour - 1, (SIDE, SIDE), antialias=max(images.shape[1:3]) > SIDE, data_format="channels_last"
        )
        return self.network(resized, training=False)
