"""Which choices go together: asked when a config is completed, before the data are there, and when a VAE is made."""

from __future__ import annotations

import numpy as np

from latente.errors import UserError
from latente.model.axes import Network, Objective, Posterior, Prior
from latente.model.choice import choices


def check_model(
    network: Network,
    posterior: Posterior,
    prior: Prior,
    objective: Objective,
    latent_dim: int | None,
    conditional: bool,
) -> None:
    """Refuse a model whose parts do not go together, as far as that can be told without the shape of its images.

    Args:
        network: The networks.
        posterior: q(z given x).
        prior: p(z).
        objective: What training minimizes.
        latent_dim: Number of latent dimensions; None where own networks will say it.
        conditional: Whether the networks are told the labels.

    Raises:
        UserError: It names what does not fit, the reason, and what to choose instead.
    """
    check_compatible(posterior, prior, objective)
    if latent_dim is not None:
        _check_latents(network, posterior, prior, latent_dim)
    if conditional:
        _check_takes_labels(network, prior)


def _check_latents(network: Network, posterior: Posterior, prior: Prior, latent_dim: int) -> None:
    """Refuse a number of latent dimensions that a choice cannot use."""
    if not isinstance(latent_dim, int | np.integer) or latent_dim < 1:
        raise UserError(f"latent_dim must be at least 1. Received {latent_dim!r}.")
    units = posterior.units(latent_dim)  # the posterior's own check
    if latent_dim < prior.least_latents:
        raise UserError(
            f"Prior {_name(prior)} needs latent_dim of at least {prior.least_latents}. Received {latent_dim}. Choose "
            f"prior Mixture instead."
        )
    if not network.joins_codes and units % latent_dim:
        raise UserError(
            f"latents='map' needs a posterior with the same parameters for each latent. Received one with {units} "
            f"for {latent_dim} latents. Choose latents='vector'."
        )


def check_compatible(posterior: Posterior, prior: Prior, objective: Objective) -> None:
    """Refuse a prior that does not fit the posterior, and an objective that asks for more than the posterior has.

    Raises:
        UserError: It names both choices, the reason, and what to choose instead.
    """
    if not _fits(prior, posterior, objective):
        fit = [name for name, each in choices(Prior).items() if _fits(each, posterior, objective)]
        raise UserError(f"{_mismatch(prior, posterior, objective)} Choose prior {_alternatives(fit)}.")
    for trait in objective.needs:
        if not getattr(posterior, trait):
            able = [name for name, each in choices(Posterior).items() if _meets(each, objective)]
            modest = [name for name, each in choices(Objective).items() if _meets(posterior, each)]
            raise UserError(
                f"Objective {_name(objective)} needs a posterior {Posterior.TRAITS[trait]}. Received posterior "
                f"{_name(posterior)}. Choose posterior {_alternatives(able)}, or objective {_alternatives(modest)}."
            )


def _check_takes_labels(network: Network, prior: Prior) -> None:
    """Refuse what cannot be conditioned on labels."""
    if prior.encodes:
        fit = [name for name, each in choices(Prior).items() if each.density == prior.density and not each.encodes]
        raise UserError(
            f"Prior {_name(prior)} encodes images of its own, which have no label. Received it for a conditional VAE. "
            f"Choose prior {_alternatives(fit)}."
        )
    if not network.joins_codes:
        raise UserError(
            f"A conditional VAE gives the decoder the label beside the code. Received network {_name(network)} with "
            f"latents='map', where a code is a map and has no side. Choose latents='vector'."
        )


def _fits(prior: Prior | type[Prior], posterior: Posterior, objective: Objective) -> bool:
    return prior.density == posterior.density and not (prior.learned and objective.kl_weight == 0)


def _mismatch(prior: Prior, posterior: Posterior, objective: Objective) -> str:
    if prior.density == posterior.density:
        return f"Prior {_name(prior)} learns from the KL. Received objective {_name(objective)}, which has none."
    kinds = {True: "a density over all codes", False: "discrete codes"}
    return (
        f"Posterior {_name(posterior)} has {kinds[posterior.density]}. Received prior {_name(prior)}, which has "
        f"{kinds[prior.density]}."
    )


def _meets(posterior: Posterior | type[Posterior], objective: Objective | type[Objective]) -> bool:
    return all(getattr(posterior, trait) for trait in objective.needs)


def _name(choice: object) -> str:
    return type(choice).__name__


def _alternatives(names: list[str]) -> str:
    return " or ".join(names)
