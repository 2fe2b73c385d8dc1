"""Who comes into the gateway, and with what."""

import email.message
import ipaddress
import json
from collections.abc import Collection
from urllib.parse import urlsplit

from serving.gateway.metrics import Timed
from serving.http.door import Door, header
from serving.http.limits import HttpLimits, Refusal
from serving.security.exposure import is_loopback
from serving.security.gate import Gate
from serving.security.http_gate import HttpGate
from serving.security.tokens import Role

ANY_HOST = "*"
# 1000 events or items of 2 kB each, which is what a request may hold.
MAX_BODY_BYTES = 2 * 1024 * 1024
LIMITS = HttpLimits(
    max_body_bytes=MAX_BODY_BYTES, max_held_bytes=32 * MAX_BODY_BYTES, max_requests=128
)
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_SESSIONS = "/v1/sessions/"  # what is posted there changes nothing
_USERS, _ASKING = "/v1/users/", "/ask"  # a sentence changes no user
# Pages without anybody's data, and what probes ask.
_OPEN_TO_ALL = {"/", "/docs", "/openapi.json", "/health"}
_OPEN_FOLDER = "/web/"
_PROBED = "/health"  # by the address of a pod, say


def make_door(app, gate: Gate, hosts: "Hosts", limits: HttpLimits = LIMITS) -> Timed:
    """The gateway's app behind all checks; refusals are counted, too.

    Args:
        app: of `make_app`.
        gate: whose tokens are known.
        hosts: the names that it answers to.
        limits: of the port.
    """
    who = HttpGate(gate, role_of)
    checks = (hosts, check_origin, who, check_content_type)
    return Timed(Door(app, limits, write_error, checks), app.state.metrics)


def write_error(words: str) -> bytes:
    """The body of every answer that is an error."""
    return json.dumps({"detail": words}).encode()


def role_of(scope: dict) -> Role | None:
    """What a caller must be allowed to; None for what is open to all.

    Example:
        >>> role_of({"method": "DELETE", "path": "/v1/users/7"}).name
        'WRITE'
        >>> role_of({"method": "POST", "path": "/v1/users/7/ask"}).name
        'ASK'
    """
    method, path = scope["method"], scope["path"]
    if method in _SAFE_METHODS:
        is_open = path in _OPEN_TO_ALL or path.startswith(_OPEN_FOLDER)
        return None if is_open else Role.ASK
    is_question = path.startswith(_SESSIONS) or (
        method == "POST" and path.startswith(_USERS) and path.endswith(_ASKING)
    )
    return Role.ASK if is_question else Role.WRITE


class Hosts:
    """A check of the `Host` that a request names: else any web page could ask.

    A page of another name may have that name resolve to this machine, and would then
    be of the same origin to a browser.

    Args:
        bound: the address that the gateway binds.
        allowed: further names, `*` for any.
    """

    def __init__(self, bound: str, allowed: Collection[str] = ()):
        self._is_any = ANY_HOST in allowed
        self._names = {name.lower() for name in (bound, *allowed)}

    def __call__(self, scope: dict) -> None:
        """Lets a request in, or raises `Refusal`."""
        if self._is_any or scope["path"] == _PROBED:
            return
        named = [value for name, value in scope["headers"] if name == b"host"]
        host = named[0].decode("latin-1") if len(named) == 1 else ""
        name = _name(f"//{host}")
        if not (name in self._names or is_loopback(name)):
            raise Refusal(
                421,
                "`Host` must be a name that this gateway answers to, such as "
                f"localhost. Received: {host[:80]!r}. Start it with `--allowed-host` "
                "and this name, if it is yours.",
            )


def check_origin(scope: dict) -> None:
    """Refuses what a page of another origin would change."""
    if scope["method"] in _SAFE_METHODS:
        return
    site, origin = header(scope, "sec-fetch-site"), header(scope, "origin")
    is_ours = not origin or origin.partition("://")[2] == header(scope, "host")
    if site == "cross-site" or not is_ours:
        raise Refusal(
            403,
            "`Origin` must be this gateway's own, because other pages may not change "
            f"anything here. Received: {(origin or site)[:80]!r}.",
        )


def check_content_type(scope: dict) -> None:
    """Refuses bodies that are not declared as JSON, which any page may send."""
    names = {name for name, _ in scope["headers"]}
    has_length = header(scope, "content-length") not in ("", "0")
    if scope["method"] == "POST" or has_length or b"transfer-encoding" in names:
        given = email.message.Message()
        given["content-type"] = header(scope, "content-type") or "none/none"
        charset = given.get_content_charset("utf-8")
        if given.get_content_type() != "application/json" or charset != "utf-8":
            raise Refusal(
                415,
                "`Content-Type` must be application/json, in UTF-8. Received: "
                f"{header(scope, 'content-type')[:80]!r}.",
            )


def _name(url):
    """The host's name in lower case, an address in its shortest form."""
    try:
        name = (urlsplit(url).hostname or "").removesuffix(".")
    except ValueError:  # half a bracket
        return ""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name
