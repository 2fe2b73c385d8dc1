"""Errors as HTTP answers: a status code and `{"detail": words}`."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from serving.gateway.lists import NoSuchListError
from serving.gateway.similar import NoSuchItemError
from serving.user_states.store import NoSuchEventError, StoreFullError
from serving.wording import describe
from tfrec.errors import ServingError
from tfrec.protocol.status import RequestError

logger = logging.getLogger(__name__)

# The first that fits counts: what cannot be read, what the model refuses, our trouble.
_STATUS = [
    (ValueError, 422),
    (RequestError, 422),
    (StoreFullError, 507),
    (NoSuchEventError, 404),
    (NoSuchListError, 404),
    (NoSuchItemError, 404),
    (ServingError, 503),
]


class Problem(BaseModel):
    """What is wrong, in words."""

    detail: str


# For the description of the API: every refusal and failure has this form.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": "What is wrong, in words"}
    for status in (422, "4XX", "5XX")
}


def add_error_handlers(app: FastAPI) -> None:
    """Lets an app answer our errors, wrong requests, and its own failures in words."""
    app.add_middleware(Failures)
    app.add_exception_handler(ServingError, _tell)
    app.add_exception_handler(RequestValidationError, _tell_wrong_request)
    app.add_exception_handler(HTTPException, _tell_wrong_address)


class Failures:
    """ASGI middleware that answers what nobody foresaw, and logs it once."""

    def __init__(self, app):
        self._app = app

    async def __call__(self, scope, receive, send):
        has_begun = False

        async def send_and_note(message):
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            if scope["type"] != "http" or has_begun:
                raise
            number = scope["state"].get("request_id", "")
            logger.exception("%s failed; request %s.", scope["path"], number)
            words = f"The gateway failed. Its log has the reason, for request {number}."
            answer = {"detail": words, "request_id": number}
            await JSONResponse(answer, 500)(scope, receive, send)


def _tell(request: Request, error):
    status = next(code for kind, code in _STATUS if isinstance(error, kind))
    return JSONResponse({"detail": str(error)}, status)


def _tell_wrong_request(request: Request, error):
    # The first part of a place is `query`, `path` or `body`.
    problems = [each | {"loc": each["loc"][1:]} for each in error.errors()]
    return JSONResponse({"detail": describe(problems)}, 422)


def _tell_wrong_address(request: Request, error):
    words, route = error.detail, f"{request.method} {request.url.path}"
    if error.status_code in (404, 405):
        words = f"There is nothing at {route}; /docs shows what there is."
    return JSONResponse({"detail": words}, error.status_code, error.headers)
