"""Priors: the distribution p(z) that codes are drawn from and that training pulls them to. A new one is a file here."""

from latente.model.axes import Prior
from latente.model.choice import publish

publish(globals(), Prior)
