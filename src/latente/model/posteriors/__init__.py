"""Posteriors: q(z given x), its sample, its mean and its log-density.

Each file of this folder is imported, and each posterior in it becomes a name of this package: a new one is one file.
"""

from latente.discovery import import_all
from latente.model.axes import Posterior
from latente.model.choice import choices

import_all(__name__)
globals().update(choices(Posterior, unlisted=True))

__all__ = ["Posterior", *choices(Posterior, unlisted=True)]
