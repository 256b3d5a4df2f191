"""Likelihoods: p(x given z) of images in [0, 1], with every constant kept.

Each file of this folder is imported, and each likelihood in it becomes a name of this package: a new one is one file.
"""

from latente.discovery import import_all
from latente.model.axes import Likelihood
from latente.model.choice import choices

import_all(__name__)
globals().update(choices(Likelihood, unlisted=True))

__all__ = ["Likelihood", *choices(Likelihood, unlisted=True)]
