"""Posteriors: q(z given x), its sample, its mean and its log-density.

Each file of this folder is imported, and each posterior in it becomes a name of this package: a new one is one file.
"""

import importlib
import pkgutil

from latente.model.choice import choices
from latente.model.posteriors.diagonal_gaussian import LOG_VAR_BOUND, DiagonalGaussian
from latente.model.posteriors.posterior import Posterior

for _file in pkgutil.iter_modules(__path__, __name__ + "."):
    importlib.import_module(_file.name)
globals().update(choices(Posterior))

__all__ = ["LOG_VAR_BOUND", "DiagonalGaussian", "Posterior", *choices(Posterior)]
