"""Puts the portal together: pages, callback, health, and a friendly answer to whatever goes wrong."""

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import Engine, text
from starlette.exceptions import HTTPException

from canonical_model.clock import Clock, utc_now
from canonical_model.errors import CrossdockError
from crossdock.home import Home
from crossdock.portal._callback import callback_routes
from crossdock.portal._incidents import incident_routes
from crossdock.portal._pages import Pages, static_routes
from crossdock.portal._security import HEADERS, SecurityHeaders
from crossdock.portal._uploads import upload_routes
from crossdock.store.database import translate_errors

log = structlog.stdlib.get_logger("crossdock.portal")

LINK_ERRORS = {"XD-AUT-010", "XD-AUT-011"}
"""Codes of `read_link`; an AuthError of another code is the store's."""
UPLOAD_ERRORS = {
    "XD-AUT-012": ("upload_link", 403),
    "XD-AUT-013": ("upload_expired", 410),
    "XD-CFG-003": ("upload_closed", 410),
    "XD-CFG-161": ("upload_file", 410),
    "XD-CFG-163": ("upload_closed", 410),
}
"""What the page says where an upload link opens nothing."""
_RETRY = {"Retry-After": "60"}


def create_app(home: Home, engine: Engine, *, clock: Clock = utc_now) -> FastAPI:
    """The portal as an ASGI application.

    Args:
        home: The deployment.
        engine: Its store.
        clock: Gives the present instant.
    """
    pages = Pages.of(home)
    app = FastAPI(title="Crossdock", docs_url=None, redoc_url=None, openapi_url=None, root_path=pages.base)
    app.include_router(callback_routes(home, engine, clock))
    app.include_router(incident_routes(pages, engine, clock))
    app.include_router(upload_routes(pages, engine, clock))
    app.include_router(static_routes())
    app.add_middleware(SecurityHeaders)
    _answer_errors(app, pages)

    @app.get("/")
    def front(request: Request) -> Response:
        return pages.render("home.html", pages.language(request))

    @app.get("/healthz")
    def health() -> Response:
        try:
            with translate_errors(), engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except CrossdockError as error:
            log.error("store.gone", code=error.problem_code)
            return JSONResponse({"status": "unavailable", "hint": "the store (PostgreSQL) is gone"}, 503, _RETRY)
        return JSONResponse({"status": "ok"})

    return app


def _answer_errors(app: FastAPI, pages: Pages) -> None:
    @app.exception_handler(CrossdockError)
    def refused(request: Request, error: CrossdockError) -> Response:
        if error.problem_code in LINK_ERRORS:
            log.warning("link.refused", code=error.problem_code)
            return pages.problem(request, "link", 403)
        if error.problem_code in UPLOAD_ERRORS:
            log.warning("upload_link.refused", code=error.problem_code)
            return pages.problem(request, *UPLOAD_ERRORS[error.problem_code])
        log.error("page.failed", code=error.problem_code, error=error.render(pages.home.language))
        response = pages.problem(request, "store", 503)
        response.headers.update(_RETRY)
        return response

    @app.exception_handler(HTTPException)
    @app.exception_handler(RequestValidationError)
    def missing(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return pages.problem(request, "page", status)

    @app.exception_handler(Exception)
    def failed(request: Request, error: Exception) -> Response:
        del error  # the server logs it with its traceback
        response = pages.problem(request, "fault", 500)
        response.headers.update(HEADERS)  # this answer is made outside the middleware
        return response
