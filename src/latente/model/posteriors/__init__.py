"""Posteriors: q(z given x), its sample, its mean and its log-density. A new one is a file here."""

from latente.model.axes import Posterior
from latente.model.choice import publish

publish(globals(), Posterior)
