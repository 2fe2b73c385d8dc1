"""What the gateway counts, in Prometheus' form."""

import time
from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """Counters of one gateway, apart from those of any other in the process.

    Attributes:
        registry: for parts that count their own.
        fallbacks: answers given without the model server.
    """

    def __init__(self):
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "tfrec_gateway_request_seconds",
            "Time to answer a request.",
            ["method", "route", "status"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._events = self._counter("events", "Events received.", ["outcome"])
        self._cache = self._counter("cache", "Looks into the cache.", ["outcome"])
        self.fallbacks = self._counter("fallbacks", "Answers without the model.")

    def count_events(self, accepted: int, duplicates: int) -> None:
        """Counts events that were applied now, or had been before."""
        self._events.labels("accepted").inc(accepted)
        self._events.labels("duplicate").inc(duplicates)

    def count_poison(self, refused: int) -> None:
        """Counts events of a request in which one at least was wrong."""
        self._events.labels("poison").inc(refused)

    def count_cache(self, is_hit: bool) -> None:
        """Counts a look into the cache."""
        self._cache.labels("hit" if is_hit else "miss").inc()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        self._seconds.labels(method, route, str(status)).observe(seconds)

    def watch_rules(self, are_wrong: Callable[[], bool]) -> None:
        """Shows whether the file of rules has become wrong, so that older ones hold."""
        gauge = Gauge(
            "tfrec_gateway_rules_wrong",
            "1 while the file of rules is wrong and its previous content is used.",
            registry=self.registry,
        )
        gauge.set_function(are_wrong)

    def watch_log(
        self,
        waiting: Callable[[], float],
        dropped: Callable[[], float],
        is_away: Callable[[], bool],
    ) -> None:
        """Shows how the log fares.

        Args:
            waiting: records that wait in the store for the log.
            dropped: lists that found no room to wait.
            is_away: whether the log cannot be written now.
        """
        for name, words, look in (
            ("waiting", "Records that wait in the store for the log.", waiting),
            ("dropped", "Lists that are missing in the log.", dropped),
            ("away", "1 while the log cannot be written.", is_away),
        ):
            name = f"tfrec_gateway_log_{name}"
            Gauge(name, words, registry=self.registry).set_function(look)

    def text(self) -> bytes:
        """All of it, for a scraper."""
        return generate_latest(self.registry)

    def _counter(self, name, words, labels=()):
        full_name = f"tfrec_gateway_{name}_total"
        return Counter(full_name, words, labels, registry=self.registry)


class Timed:
    """ASGI middleware that observes every request under the route it took."""

    def __init__(self, app, metrics: Metrics):
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def send_and_note(message):
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            seconds = time.perf_counter() - started
            self._metrics.observe(scope["method"], route, status, seconds)
