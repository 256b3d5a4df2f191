"""Objectives: from the evidence of a batch to one loss per example.

Each file of this folder is imported, and each objective in it becomes a name of this package: a new one is one file.
"""

from latente.discovery import import_all
from latente.model.axes import Objective
from latente.model.choice import choices

import_all(__name__)
globals().update(choices(Objective, unlisted=True))

__all__ = ["Objective", *choices(Objective, unlisted=True)]
