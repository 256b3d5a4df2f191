"""Priors: the distribution p(z) that codes are drawn from, and that training pulls them to.

Each file of this folder is imported, and each prior in it becomes a name of this package: a new one is one file.
"""

from latente.discovery import import_all
from latente.model.axes import Prior
from latente.model.choice import choices

import_all(__name__)
globals().update(choices(Prior, unlisted=True))

__all__ = ["Prior", *choices(Prior, unlisted=True)]
