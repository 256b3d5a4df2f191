"""Evaluation: what a trained model is worth, by the same yardstick whatever trained it."""

from latente.evaluation.anomaly import Anomalies, score
from latente.evaluation.bounds import ElboTerms, elbo_terms
from latente.evaluation.diagnosis import Diagnosis, Finding, Undiagnosed, diagnose, diagnose_run
from latente.evaluation.ex_post import fit_prior
from latente.evaluation.importance import LogLikelihood, log_likelihood
from latente.evaluation.run_metrics import evaluate

__all__ = ["Anomalies", "ElboTerms", "LogLikelihood", "evaluate", "elbo_terms", "fit_prior", "log_likelihood", "score"]
__all__ += ["Diagnosis", "Finding", "Undiagnosed", "diagnose", "diagnose_run"]
