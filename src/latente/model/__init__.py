"""The model: five axes, and the VAE that composes one choice of each."""

from latente.discovery import import_plugins
from latente.model import likelihoods, networks, objectives, posteriors, priors
from latente.model.axes import AXES, Likelihood, Network, Objective, Posterior, Prior
from latente.model.choice import Choice, choices
from latente.model.latent_model import LatentModel
from latente.model.vae import VAE

__all__ = ["AXES", "VAE", "Choice", "LatentModel", "Likelihood", "Network", "Objective", "Posterior", "Prior"]
__all__ += ["choices", "likelihoods", "networks", "objectives", "posteriors", "priors"]

import_plugins("latente.model")
