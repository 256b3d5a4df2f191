"""Training: a config and data become a run directory."""

from latente.training.callbacks import NonFiniteGuard
from latente.training.config import flatten, once, read_file, resolve
from latente.training.run import Run
from latente.training.trainer import resume, start, train

__all__ = ["NonFiniteGuard", "Run", "flatten", "once", "read_file", "resolve", "resume", "start", "train"]
