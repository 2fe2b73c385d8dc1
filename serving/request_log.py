"""One line of JSON for each request, with an id that the caller may choose."""

import json
import logging
import re
import uuid

logger = logging.getLogger("serving.requests")

HEADER = "x-request-id"
_GOOD_ID = re.compile(r"[\w.:-]{1,128}")  # what is safe to write anywhere


def request_id(given: str) -> str:
    """The caller's own id if it is a good one, else a new one.

    Example:
        >>> request_id("order-7")
        'order-7'
    """
    return given if _GOOD_ID.fullmatch(given) else uuid.uuid4().hex


def log_request(number: str, method: str, code: str, seconds: float, error="") -> None:
    """Writes the line: of failures as a warning, of the rest as information.

    Args:
        number: id of the request.
        method: such as `"Predict"` or `"POST /v1/models/films:predict"`.
        code: name of its status.
        seconds: that it took.
        error: what the caller was told.
    """
    level = logging.WARNING if error else logging.INFO
    if not logger.isEnabledFor(level):
        return
    fields = {
        "request_id": number,
        "method": method,
        "code": code,
        "ms": round(1e3 * seconds, 3),
    }
    if error:
        fields["error"] = error
    logger.log(level, "%s", json.dumps(fields))
