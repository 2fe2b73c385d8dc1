"""What a consumer counts, and whether it is well, over HTTP."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

CLIENT_S = 10  # that a client may take for its request
_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60)


class ConsumerMetrics:
    """Counters of one consumer, in Prometheus' form.

    Args:
        lag: tells how many messages wait to be read, NaN if it cannot.

    Attributes:
        problem: why the store takes no events, `""` while it does.
    """

    def __init__(self, lag: Callable[[], float]):
        self.problem = ""
        self._registry = CollectorRegistry()
        self._events = Counter(
            "tfrec_consumer_events_total",
            "Messages dealt with.",
            ["outcome"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tfrec_consumer_batch_seconds",
            "Time from reading a batch to its commit.",
            buckets=_BUCKETS_S,
            registry=self._registry,
        )
        words = "Messages that wait to be read."
        gauge = Gauge("tfrec_consumer_lag", words, registry=self._registry)
        gauge.set_function(lag)

    def observe(
        self, accepted: int, duplicates: int, poison: int, seconds: float
    ) -> None:
        """Counts a batch that was committed."""
        self._events.labels("accepted").inc(accepted)
        self._events.labels("duplicate").inc(duplicates)
        self._events.labels("poison").inc(poison)
        self._seconds.observe(seconds)

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, content type and body of a GET."""
        if path == "/metrics":
            return 200, "text/plain; version=0.0.4", generate_latest(self._registry)
        if path == "/health":
            status = "degraded" if self.problem else "ok"
            body = json.dumps({"status": status, "store": self.problem or "ok"})
            return 503 if self.problem else 200, "application/json", body.encode()
        return 404, "text/plain", b"There are /metrics and /health."


@contextlib.contextmanager
def answering(
    metrics: ConsumerMetrics, port: int, host: str = "127.0.0.1"
) -> Iterator[int]:
    """Serves `/metrics` and `/health` for the length of a block, to whoever asks.

    Args:
        metrics: what is served.
        port: 0 picks a free one.
        host: address to bind.

    Yields:
        The port.

    Raises:
        OSError: the port is taken, or the address is none of this machine.
    """
    server = _Server((host, port), _handler(metrics))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(self, address, handler):
        is_ipv6 = ":" in address[0]
        self.address_family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
        super().__init__(address, handler)


def _handler(metrics):
    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_S

        def do_GET(self):
            status, kind, body = metrics.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Scrapes are no news."""

    return Handler
