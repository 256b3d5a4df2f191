"""Diagnosis: whether a VAE is healthy, why not, and what to do."""

from latente.evaluation.diagnosis.finding import Diagnosis, Finding
from latente.evaluation.diagnosis.run import Undiagnosed, diagnose_run
from latente.evaluation.diagnosis.verdict import diagnose

__all__ = ["Diagnosis", "Finding", "Undiagnosed", "diagnose", "diagnose_run"]
