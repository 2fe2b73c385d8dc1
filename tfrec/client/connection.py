"""How clients reach a server: channel options, identity, and what is tried again."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import grpc

from tfrec.errors import ConfigError
from tfrec.protocol.status import RequestError

_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.05, 1.0
_UNLIMITED = -1
_OPTIONS = {
    # Each call goes to the next of all addresses that a name has.
    "grpc.lb_policy_name": "round_robin",
    # A server that restarts, here or at another address, is found.
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.dns_min_time_between_resolutions_ms": 1000,
    # An address that has not acknowledged for two seconds what was sent (TCP's user
    # timeout, which gRPC sets to this) is left. Pings come no oftener than a server
    # with usual settings suffers; it would end the connection (too_many_pings).
    "grpc.keepalive_timeout_ms": 2000,
    "grpc.keepalive_time_ms": 300_000,
    "grpc.max_receive_message_length": _UNLIMITED,
    "grpc.max_send_message_length": _UNLIMITED,
}


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A server, who asks it and how patiently.

    Attributes:
        target: `"host:port"`; the servers at all addresses of a name share the
            calls. `ipv4:HOST:PORT,HOST:PORT` names several without a name.
        timeout_s: seconds that a call may take, all its attempts together.
        retries: attempts after the first one, when the server cannot be reached or
            is overloaded; other errors would only come again.
        credentials: for TLS, as `grpc.ssl_channel_credentials` makes them.
        token: bearer token, or what gives it, asked before each call.

    Raises:
        ConfigError: `retries` is negative.
    """

    target: str
    timeout_s: float
    retries: int
    credentials: grpc.ChannelCredentials | None = None
    token: str | Callable[[], str] = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.retries < 0:
            raise ConfigError(
                f"`retries` must be at least 0. Received: {self.retries}."
            )

    def channel(self, module: Any = grpc) -> Any:
        """A channel of `grpc` or of `grpc.aio`."""
        pairs = list(_OPTIONS.items())
        if self.credentials:
            return module.secure_channel(self.target, self.credentials, pairs)
        return module.insecure_channel(self.target, pairs)

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """What goes with every call."""
        token = self.token() if callable(self.token) else self.token
        return [("authorization", f"Bearer {token}")] if token else []

    def attempt(self) -> "Attempt":
        """The first attempt at a call; its time begins now."""
        return Attempt(0, self.retries, time.monotonic() + self.timeout_s)


@dataclass(frozen=True)
class Attempt:
    """One attempt at a call.

    Attributes:
        number: 0 for the first.
        last: number of the last.
        end: `time.monotonic()` at which the call must be over.
    """

    number: int
    last: int
    end: float

    @property
    def timeout_s(self) -> float:
        """Seconds for this attempt."""
        return max(0.0, self.end - time.monotonic())

    def next(self) -> "Attempt":
        """The attempt after this one."""
        return Attempt(self.number + 1, self.last, self.end)

    def wait_s(self, error: grpc.RpcError) -> float:
        """Seconds to wait before the next attempt.

        They are random below a bound that doubles, so that many clients do not come
        back at the same time.

        Raises:
            RequestError: there is no use, or no time, for another attempt.
        """
        bound = min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**self.number)
        wait_s = random.uniform(0, bound)
        is_last = self.number >= self.last
        if is_last or error.code() not in _AGAIN or wait_s >= self.timeout_s:
            raise RequestError(error.code(), error.details()) from error
        return wait_s
