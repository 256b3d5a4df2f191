"""Objectives: from the evidence of a batch to one loss per example. A new one is a file here."""

from latente.model.axes import Objective
from latente.model.choice import publish

publish(globals(), Objective)
