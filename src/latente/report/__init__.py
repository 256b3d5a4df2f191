"""The report: pictures and figures of a run in one HTML file."""

from latente.report.html import report

__all__ = ["report"]
