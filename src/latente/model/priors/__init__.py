"""Priors: the distribution p(z) that codes are drawn from, and that training pulls them to.

Each file of this folder is imported, and each prior in it becomes a name of this package: a new one is one file.
"""

import importlib
import pkgutil

from latente.model.choice import choices
from latente.model.priors.prior import Prior

for _file in pkgutil.iter_modules(__path__, __name__ + "."):
    importlib.import_module(_file.name)
globals().update(choices(Prior))

__all__ = ["Prior", *choices(Prior)]
