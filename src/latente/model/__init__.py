"""The model: five axes, and the VAE that composes one choice of each."""

from latente.discovery import import_plugins
from latente.model import likelihoods, networks, objectives, posteriors, priors
from latente.model.choice import Choice, choices
from latente.model.likelihoods import Likelihood
from latente.model.networks import Network
from latente.model.objectives import Objective
from latente.model.posteriors import Posterior
from latente.model.priors import Prior
from latente.model.vae import VAE

AXES: dict[str, type[Choice]] = {
    "network": Network,
    "posterior": Posterior,
    "prior": Prior,
    "likelihood": Likelihood,
    "objective": Objective,
}

__all__ = ["AXES", "VAE", "Choice", "Likelihood", "Network", "Objective", "Posterior", "Prior", "choices"]
__all__ += ["likelihoods", "networks", "objectives", "posteriors", "priors"]

import_plugins()
