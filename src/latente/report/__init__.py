"""Reports: pictures and figures of a run, or of several side by side, in one HTML file."""

from latente.report.comparison import Comparison, compare, sweep
from latente.report.html import report

__all__ = ["Comparison", "compare", "report", "sweep"]
