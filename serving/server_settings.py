"""How a server listens and what it bears."""

import os
from dataclasses import dataclass

from serving.scheduling.parameters import BatchingParameters

USUAL_THREADS = 4 * (os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Addresses and limits of a `ModelServer`.

    Attributes:
        host: address to bind.
        port: of gRPC, 0 for a free one.
        rest_port: of the REST API, 0 for a free one, None for none.
        max_threads: requests computed at a time.
        batching: how requests are computed together, None for each by itself.
        max_waiting: requests beyond these that wait for their turn; further ones
            are refused with RESOURCE_EXHAUSTED.
        rest_threads: requests that the REST API reads and writes at a time.
        rest_timeout_s: seconds that a REST request may take.
        max_request_bytes: size of a request.
    """

    host: str = "127.0.0.1"
    port: int = 0
    rest_port: int | None = None
    max_threads: int = USUAL_THREADS
    batching: BatchingParameters | None = None
    max_waiting: int = 256
    rest_threads: int = USUAL_THREADS
    rest_timeout_s: float = 30
    max_request_bytes: int = 64 * 1024 * 1024
