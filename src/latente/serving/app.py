"""The service: a FastAPI application over some runs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from latente.errors import UserError
from latente.language import translations
from latente.serving import schemas
from latente.serving.middleware import HEADERS, TOO_LARGE, Gate
from latente.serving.monitoring import Monitor
from latente.serving.registry import ServedRun, named
from latente.serving.routes import router
from latente.training import Run
from latente.version import __version__

PAGE = Path(__file__).with_name("page")
FRESH = {"Cache-Control": "no-cache"}
"""A browser asks whether the page has changed: modules of two versions do not go together."""


class Modules(StaticFiles):
    """The files of the page."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, or that it has not changed."""
        response = super().file_response(*args, **kwargs)
        response.headers.update(FRESH)
        return response


def create_app(runs: Sequence[Run], data_dir: str | None = None, hosts: Sequence[str] = ("*",)) -> FastAPI:
    """The service as an ASGI application.

    Args:
        runs: What to serve. One that is still trained may be among them.
        data_dir: Where the data files are now, when not where they were.
        hosts: Names under which the service may be called; another ``Host`` is refused, so that no foreign web page
            can reach a service on loopback through a name that resolves to it.

    Raises:
        UserError: A run cannot be read.
    """
    monitor, worker = Monitor(), ThreadPoolExecutor(1, thread_name_prefix="model")

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        worker.shutdown()

    app = FastAPI(
        title="Latente",
        version=__version__,
        description="Trained variational autoencoders: encode, decode, sample, interpolate, score.",
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # they load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.runs = {
        name: ServedRun(run, name, data_dir, worker, monitor.rows.observe) for name, run in named(runs).items()
    }
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))
    app.add_middleware(Gate, monitor=monitor)
    app.add_exception_handler(UserError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _failed)
    app.include_router(router)
    _add_pages(app, monitor)
    return app


def _add_pages(app: FastAPI, monitor: Monitor) -> None:
    """The explorer, and what machines ask for."""

    @app.get("/healthz")
    def healthz() -> schemas.Health:
        """Whether the service is there."""
        return schemas.Health(status="ok")

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(monitor.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @app.get("/", include_in_schema=False)
    def explorer() -> FileResponse:
        return FileResponse(PAGE / "index.html", headers=FRESH)

    @app.get("/texts/es", include_in_schema=False)
    def spanish() -> dict[str, str]:
        return translations("es")

    @app.get("/plotly.min.js", include_in_schema=False)
    def plotly() -> FileResponse:
        return FileResponse(str(resources.files("plotly") / "package_data" / "plotly.min.js"))

    app.mount("/page", Modules(directory=PAGE))


async def _refused(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, getattr(error, "status", 422))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Every mistake in a body or an address in one sentence, without what was received: it may be no JSON."""
    assert isinstance(error, RequestValidationError)
    mistakes = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:5]]
    return JSONResponse({"detail": "; ".join(mistakes)}, 422)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    better = {404: "There is nothing at this address. /api/v1/openapi.json lists what there is.", 413: TOO_LARGE}
    return JSONResponse({"detail": better.get(error.status_code, error.detail)}, error.status_code, error.headers)


async def _failed(request: Request, error: Exception) -> JSONResponse:
    """A defect in the form of every other answer; Starlette gives it outside of the gate, and lets the log tell it."""
    return JSONResponse({"detail": "The service failed at this request. Its log says more."}, 500, HEADERS)
