"""Choices that do not go together are refused by name, with what to choose instead."""

import numpy as np
import pytest

from latente import VAE
from latente.errors import UserError
from latente.model import Objective, Posterior, choices
from latente.model.compatibility import check_compatible
from latente.model.networks import Dense
from latente.model.objectives import ELBO
from latente.model.posteriors import DiagonalGaussian
from latente.model.priors.standard_normal import StandardNormal


def without(trait: str) -> DiagonalGaussian:
    posterior = DiagonalGaussian()
    setattr(posterior, trait, False)
    return posterior


def test_a_density_and_discrete_codes_do_not_meet():
    with pytest.raises(UserError, match="(?s)DiagonalGaussian has discrete codes.*StandardNormal.*Choose prior"):
        check_compatible(without("density"), StandardNormal(), ELBO())


@pytest.mark.parametrize(
    ("trait", "needed_by"), [("density", ["FactorVAE", "IWAE", "MMD"]), ("factorizes", ["BetaTCVAE", "DIPVAE"])]
)
def test_an_objective_gets_what_it_needs_or_is_refused(trait: str, needed_by: list[str]):
    posterior, prior = without(trait), StandardNormal()
    prior.density = posterior.density
    for name, objective in choices(Objective).items():
        if name in needed_by:
            with pytest.raises(UserError, match=f"{name} needs a posterior with .*DiagonalGaussian.*objective .*ELBO"):
                check_compatible(posterior, prior, objective())
        else:
            check_compatible(posterior, prior, objective())
    assert set(needed_by) <= choices(Objective).keys()


def test_every_need_is_a_trait_of_some_posteriors_and_not_of_others():
    """So that there is a remedy, and a reason to ask."""
    assert {trait for objective in choices(Objective).values() for trait in objective.needs} == set(Posterior.TRAITS)
    having = {
        trait: {name for name, each in choices(Posterior).items() if getattr(each, trait)} for trait in Posterior.TRAITS
    }
    assert having == {"density": {"DiagonalGaussian", "FullGaussian"}, "factorizes": {"DiagonalGaussian"}}


def test_a_vae_refuses_when_it_is_made():
    with pytest.raises(UserError, match="independent dimensions"):
        VAE((4, 4, 1), 2, posterior=without("factorizes"), objective="BetaTCVAE")


def test_no_kl_per_dimension_is_invented():
    """Where posterior and prior do not both factorize, the KL is one figure."""
    vae = VAE((4, 4, 1), 2, network=Dense(hidden=()), posterior=without("factorizes"))
    vae.compile("adam", jit_compile=False)
    vae.evaluate(np.zeros((3, 4, 4, 1), "uint8"), verbose=0)
    assert vae.latent_statistics.kl_per_dimension() is None
