"""What a path of TF Serving's REST API asks for."""

import re
from urllib.parse import unquote

from tensorflow_serving.apis import model_pb2

from tfrec.protocol.status import invalid

_MODEL = r"/v1/models/(?P<name>[^/:]+)"
_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_PATTERNS = {
    "POST": re.compile(
        rf"{_MODEL}{_VERSION}:(?P<action>classify|regress|predict)", re.IGNORECASE
    ),
    "GET": re.compile(rf"{_MODEL}{_VERSION}(?:/(?P<action>metadata))?", re.IGNORECASE),
}
_MAX_VERSION = 2**63 - 1


def read_path(method: str, path: str) -> tuple[str, model_pb2.ModelSpec]:
    """What is asked, and of which model.

    Args:
        method: HTTP method.
        path: still percent-encoded.

    Returns:
        `"predict"`, `"classify"`, `"regress"`, `"metadata"` or `"status"`, and the
        `ModelSpec`.

    Raises:
        RequestError: there is no such path.

    Example:
        >>> read_path("GET", "/v1/models/films/versions/3/metadata")[0]
        'metadata'
    """
    if method == "GET" and path.lower() == "/v1/models":
        raise invalid("Missing model name in request.")
    found = _PATTERNS[method].fullmatch(path) if method in _PATTERNS else None
    if not found:
        raise invalid(f"Malformed request: {method} {path}")
    parts = found.groupdict()
    spec = model_pb2.ModelSpec(name=unquote(parts["name"]))
    if parts["version"]:
        spec.version.value = _version(parts["version"])
    if parts["label"]:
        spec.version_label = unquote(parts["label"])
    return (parts["action"] or "status").lower(), spec


def _version(digits):
    # Only so many digits are worth reading, whatever their value.
    if len(digits) > len(str(_MAX_VERSION)) or int(digits) > _MAX_VERSION:
        raise invalid(f"Failed to convert version: {digits} to numeric.")
    return int(digits)
