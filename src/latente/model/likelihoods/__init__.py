"""Likelihoods: p(x given z) of images in [0, 1], with every constant kept."""

from latente.model.likelihoods.bernoulli import Bernoulli
from latente.model.likelihoods.continuous_bernoulli import ContinuousBernoulli
from latente.model.likelihoods.discretized_logistic import DiscretizedLogistic
from latente.model.likelihoods.likelihood import MIN_STD, Likelihood
from latente.model.likelihoods.location_scale import Gaussian, Laplace, LocationScale

__all__ = ["MIN_STD", "Likelihood", "LocationScale"]
__all__ += ["Bernoulli", "ContinuousBernoulli", "DiscretizedLogistic", "Gaussian", "Laplace"]
