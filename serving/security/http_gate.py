"""The gate in front of an HTTP port."""

from collections.abc import Callable

from serving.http.door import header
from serving.http.limits import Refusal
from serving.security.gate import Gate
from serving.security.tokens import Role
from tfrec.protocol.status import RequestError, http_status


class HttpGate:
    """A check of a `Door`: asks the gate before a body is read.

    Args:
        gate: `Gate`.
        role_of: scope of a request to the role that it needs, None for open to all.
    """

    def __init__(
        self, gate: Gate, role_of: Callable[[dict], Role | None] = lambda _: Role.ASK
    ):
        self._gate = gate
        self._role_of = role_of

    def __call__(self, scope: dict) -> None:
        """Lets a request in, or raises `Refusal`."""
        role = self._role_of(scope)
        if role is None:
            return
        try:
            self._gate.admit(header(scope, "authorization"), scope["client"][0], role)
        except RequestError as error:
            status = http_status(error.code)
            more = {"www_authenticate": "Bearer"} if status == 401 else {}
            raise Refusal(status, error.message, **more) from None
