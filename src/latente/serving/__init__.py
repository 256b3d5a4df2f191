"""Serving trained models over HTTP, with the explorer as their page."""

from latente.serving.app import create_app
from latente.serving.server import serve

__all__ = ["create_app", "serve"]
