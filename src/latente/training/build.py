"""From the config of a run to its model."""

from __future__ import annotations

from typing import Any

from latente.model import AXES, VAE
from latente.model.choice import lookup
from latente.model.networks import Network

Config = dict[str, Any]


def build(
    config: Config,
    image_shape: tuple[int, ...],
    dtype: str = "float32",
    classes: int = 0,
    network: Network | None = None,
) -> VAE:
    """The VAE that a config describes, with new weights, for images of one shape, and of so many classes.

    Own networks that are given as ``network`` keep the weights that they have.
    """
    chosen = {axis: (axis == "network" and network) or choice_in(config, axis) for axis in AXES}
    general = {"seed": config["training"]["seed"], "dtype": dtype, "classes": classes}
    return VAE(image_shape, config["latent_dim"], **general, **chosen)


def choice_in(config: Config, axis: str) -> Any:
    """The choice that a config makes on an axis, with its options.

    Raises:
        UserError: An option is outside its range.
    """
    section = dict(config[axis])
    kind = lookup(AXES[axis], section.pop("name"), unlisted=True)
    # Where the name is not enough, Keras reads what it wrote; elsewhere it would wrap the mistake in one of its own.
    return kind(**section) if kind.listed else kind.from_config(section)
