"""Likelihoods: p(x given z) of images in [0, 1], with every constant kept. A new one is a file here."""

from latente.model.axes import Likelihood
from latente.model.choice import publish

publish(globals(), Likelihood)
