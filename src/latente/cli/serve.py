"""``latente serve``."""

from __future__ import annotations

import argparse
import logging

from latente.backend import import_keras
from latente.cli.common import add_data_dir
from latente.extras import extra

HELP = "explore runs in a web page, and use them over HTTP"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("run_dirs", nargs="+", metavar="RUN", help="run directories, made by latente train")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: 127.0.0.1, this machine alone)")
    parser.add_argument("--port", type=int, default=8000, help="the port, or 0 for a free one (default: 8000)")
    add_data_dir(parser)


def run(arguments: argparse.Namespace) -> None:
    """Serve until Ctrl-C."""
    import_keras()
    for library in ("fastapi", "uvicorn", "prometheus_client", "plotly"):
        extra("serve", library, "latente serve")
    from latente.serving import serve
    from latente.training import Run

    logging.basicConfig(format="latente: %(message)s", level=logging.WARNING)
    serve([Run(path) for path in arguments.run_dirs], arguments.host, arguments.port, arguments.data_dir)
