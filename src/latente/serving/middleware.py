"""What every request passes: the counting, the limit of how many there are, and the headers for browsers."""

from __future__ import annotations

import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from latente.serving.limits import MOST_AT_ONCE, MOST_BYTES
from latente.serving.monitoring import Monitor

# Nothing comes from elsewhere, and nothing goes there. Plotly writes styles into the page.
POLICY = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

TOO_LARGE = f"A request may have {MOST_BYTES:,} bytes. Received more: send fewer images, or smaller ones."


class Gate:
    """Counts and times requests, refuses more than ``MOST_AT_ONCE`` at the same time, and adds headers.

    Args:
        app: What answers.
        monitor: Where they are counted.
    """

    def __init__(self, app: ASGIApp, monitor: Monitor) -> None:
        self.app, self.monitor, self.running = app, monitor, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        self.running += 1
        self.monitor.running.inc()
        try:
            await self._answering(scope)(scope, receive, watched)
        finally:
            self.running -= 1
            self.monitor.running.dec()
            # The pattern, not the address itself: anything may stand there, and each would be kept for ever.
            address = getattr(scope.get("route"), "path", "other")
            self.monitor.requests.labels(scope["method"], address, status).inc()
            self.monitor.seconds.labels(scope["method"], address).observe(time.perf_counter() - started)

    def _answering(self, scope: Scope) -> ASGIApp:
        if self.running > MOST_AT_ONCE:
            return _busy
        length = Headers(scope=scope).get("content-length", "")
        return _too_large if length.isdecimal() and int(length) > MOST_BYTES else self.app


async def _busy(scope: Scope, receive: Receive, send: Send) -> None:
    detail = f"At most {MOST_AT_ONCE} requests are answered at the same time. Try again in a second."
    await JSONResponse({"detail": detail}, 429, {"Retry-After": "1"})(scope, receive, send)


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    """Takes the body off the line before it answers: most clients listen only when they have sent all."""
    left, more = 20 * MOST_BYTES, True
    while more and left > 0:
        message = await receive()
        more, left = message.get("more_body", False), left - len(message.get("body", b""))
    await JSONResponse({"detail": TOO_LARGE}, 413)(scope, receive, send)
