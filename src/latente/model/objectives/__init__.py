"""Objectives: from the evidence of a batch to one loss per example.

Each file of this folder is imported, and each objective in it becomes a name of this package: a new one is one file.
"""

import importlib
import pkgutil

from latente.model.choice import choices
from latente.model.objectives.objective import Objective

for _file in pkgutil.iter_modules(__path__, __name__ + "."):
    importlib.import_module(_file.name)
globals().update(choices(Objective))

__all__ = ["Objective", *choices(Objective)]
