"""Errors as HTTP answers: a status code and `{"detail": words}`."""

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from serving.histories import QueryError
from serving.online.events import EventError
from serving.online.stores.user_states import StoreFullError
from serving.status import RequestError
from tfrec.errors import ServingError

# The first that fits counts; RequestError comes here only if the model refused.
_STATUS = [
    (EventError, 422),
    (QueryError, 422),
    (RequestError, 422),
    (StoreFullError, 507),
    (ServingError, 503),
]


def add_error_handlers(app: FastAPI) -> None:
    """Lets an app answer our errors, and wrong requests, in words."""
    app.add_exception_handler(ServingError, _tell)
    app.add_exception_handler(RequestValidationError, _tell_wrong_request)


def _tell(request: Request, error):
    status = next(code for kind, code in _STATUS if isinstance(error, kind))
    return JSONResponse({"detail": str(error)}, status)


def _tell_wrong_request(request: Request, error):
    words = [_words(problem) for problem in error.errors()]
    return JSONResponse({"detail": " ".join(words)}, 422)


def _words(problem):
    if problem["type"] == "json_invalid":
        return f"The body must be JSON: {problem['ctx']['error']}."
    name = ".".join(map(str, problem["loc"][1:])) or "body"
    return f"`{name}`: {problem['msg']}. Received: {problem['input']!r:.80}."
