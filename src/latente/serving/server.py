"""Running the service until it is told to stop."""

from __future__ import annotations

import contextlib
import socket
import warnings
from collections.abc import Sequence

import uvicorn
from PIL import Image

from latente.errors import UserError
from latente.serving.app import create_app
from latente.training import Run

LOOPBACK = ("127.0.0.1", "localhost", "::1", "[::1]")
PATIENCE = 10
"""Seconds that running requests get to finish after Ctrl-C or SIGTERM."""


def serve(runs: Sequence[Run], host: str = "127.0.0.1", port: int = 8000, data_dir: str | None = None) -> None:
    """Serve runs until Ctrl-C or SIGTERM; requests that have begun are finished first.

    Args:
        runs: What to serve.
        host: Where to listen; anything but loopback is open to the network, without a password.
        port: The port, or 0 for a free one.
        data_dir: Where the data files are now, when not where they were.

    Raises:
        UserError: A run cannot be read, or the address is taken.
    """
    with _listening(host, port) as listener:  # first: a taken port must not wait for the models
        app = create_app(runs, data_dir, LOOPBACK if host in LOOPBACK else ("*",))
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=PATIENCE)
        where = f"[{host}]" if ":" in host else host
        print(f"Latente serves {', '.join(app.state.runs)} at http://{where}:{listener.getsockname()[1]}", flush=True)
        print("Ctrl-C stops it.", flush=True)
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # images.py refuses such a picture
        with contextlib.suppress(KeyboardInterrupt):  # how uvicorn passes Ctrl-C on, once all is finished
            uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        raise UserError(f"--host {host} --port {port} cannot be listened on: {error}. Choose others.") from None
