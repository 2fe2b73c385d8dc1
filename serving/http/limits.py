"""What an HTTP port bears."""

import resource
from dataclasses import dataclass, field

from tfrec.errors import ServingError

MOST_CONNECTIONS = 512
CLOSE_S = 2  # that the last answer of a connection may take to be read, ...
LINGER_BYTES = 16 * 1024 * 1024  # ... and what may still come meanwhile


def bearable_connections() -> int:
    """Connections that leave half of this process's file descriptors to the rest."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(MOST_CONNECTIONS, descriptors // 2)


@dataclass(frozen=True, kw_only=True)
class HttpLimits:
    """Sizes, counts and times of one port.

    Attributes:
        max_body_bytes: of one request.
        max_held_bytes: of all bodies that are in memory together.
        max_requests: requests that are answered, or wait for it, at a time.
        busy_status: HTTP status of those beyond.
        max_connections: open at a time; three quarters of them from one address.
        max_header_bytes: of the headers; what frames a body may have as many, and as
            many again as the body.
        max_headers: number of them.
        header_s: seconds that headers, and a TLS handshake, may take.
        body_s: seconds that a body may take, and one more for each `min_rate` bytes
            that came, ...
        min_rate: bytes a second.
        max_body_s: ... but never more than this.
        keep_alive_s: seconds that a connection may wait for its next request.
        stall_s: seconds that a caller may take no byte of its answer.
        drain_s: seconds that requests under way get when the program ends.
    """

    max_body_bytes: int
    max_held_bytes: int
    max_requests: int
    busy_status: int = 503
    max_connections: int = field(default_factory=bearable_connections)
    max_header_bytes: int = 64 * 1024
    max_headers: int = 100
    header_s: float = 10
    body_s: float = 10
    min_rate: int = 128 * 1024
    max_body_s: float = 25
    keep_alive_s: float = 20
    stall_s: float = 20
    drain_s: int = 10


class Refusal(ServingError):
    """A request that is refused before it comes to the routes.

    Attributes:
        status: of HTTP.
        words: what the caller reads.
        headers: that go with the answer.
    """

    def __init__(self, status: int, words: str, **headers: str):
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = {name.replace("_", "-"): v for name, v in headers.items()}
