"""Evaluation: what a trained model is worth, by the same yardstick whatever trained it."""

from latente.evaluation.anomaly import Anomalies, score
from latente.evaluation.bounds import Evidence, evidence
from latente.evaluation.diagnosis import Diagnosis, Finding, Undiagnosed, diagnose, diagnose_run
from latente.evaluation.ex_post import fit_prior
from latente.evaluation.importance import LogLikelihood, log_likelihood
from latente.evaluation.metrics import evaluate

__all__ = ["Anomalies", "Evidence", "LogLikelihood", "evaluate", "evidence", "fit_prior", "log_likelihood", "score"]
__all__ += ["Diagnosis", "Finding", "Undiagnosed", "diagnose", "diagnose_run"]
