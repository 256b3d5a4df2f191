"""Which choices go together: asked once, when a VAE is made."""

from __future__ import annotations

from latente.errors import UserError
from latente.model.axes import Network, Objective, Posterior, Prior
from latente.model.choice import choices


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


def check_takes_labels(network: Network, prior: Prior) -> None:
    """Refuse what cannot be conditioned on labels.

    Raises:
        UserError: It names the choice, the reason, and what to choose instead.
    """
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
