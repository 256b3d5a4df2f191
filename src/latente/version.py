"""The version, which a run keeps and a file that others read names."""

__version__ = "0.1.0"
