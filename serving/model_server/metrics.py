"""What the server counts, in Prometheus' form."""

import contextlib
import functools
import time
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_MADE_UP = "other"  # label instead of names that only a caller knows


class ServerMetrics:
    """Counters of one server, apart from those of any other in the process.

    Attributes:
        batch_rows: histogram of rows computed together.
    """

    def __init__(self):
        self._registry = CollectorRegistry()
        self._requests = self._make(
            Counter, "requests", "Predict requests.", ["model", "signature", "code"]
        )
        self._request_seconds = self._make(
            Histogram,
            "request_seconds",
            "Time of an answered Predict request, but for its coding.",
            ["model", "signature"],
            buckets=_BUCKETS_S,
        )
        self._stage_seconds = self._make(
            Histogram,
            "stage_seconds",
            "Time of one stage of an answered Predict request.",
            ["signature", "stage"],
            buckets=_BUCKETS_S,
        )
        # Prometheus' own look-up takes longer than what is done with what it finds.
        self._requests_of = functools.cache(self._requests.labels)
        self._request_seconds_of = functools.cache(self._request_seconds.labels)
        self._stage_seconds_of = functools.cache(self._stage_seconds.labels)
        self.batch_rows = self._make(
            Histogram, "batch_rows", "Rows computed together.", buckets=_ROWS
        )

    def count(self, model: str, signature: str, code: str) -> None:
        """Counts a request.

        Args:
            model: its name, `""` where it is made up.
            signature: likewise.
            code: of its status, such as `"OK"`.
        """
        labels = (model or _MADE_UP, signature or _MADE_UP, code)
        self._requests_of(*labels).inc()

    def observe_request(self, model: str, signature: str, seconds: float) -> None:
        """Counts the time of a request that was answered."""
        self._request_seconds_of(model, signature).observe(seconds)

    @contextlib.contextmanager
    def stage(self, signature: str, name: str):
        """Counts the time of a block, if it succeeds.

        Args:
            signature: its name.
            name: `"read"`, `"queue"`, `"compute"` or `"write"`.
        """
        started = time.perf_counter()
        yield
        self.observe_stage(signature, name, time.perf_counter() - started)

    def observe_stage(self, signature: str, name: str, seconds: float) -> None:
        """Counts the time of a stage."""
        self._stage_seconds_of(signature or "serving_default", name).observe(seconds)

    def add(self, collector: Collector) -> None:
        """Adds what is looked up whenever somebody scrapes."""
        self._registry.register(collector)

    def text(self) -> bytes:
        """All of it, for a scraper."""
        return generate_latest(self._registry)

    def _make(self, kind, name, words, labels=(), **options):
        full_name = f"tfrec_serving_{name}"
        return kind(full_name, words, labels, registry=self._registry, **options)


class ModelsCollector(Collector):
    """Versions, their memory and what waits, as they are when somebody scrapes.

    Args:
        stores: gives the model stores.
        num_waiting: gives how many requests wait.
    """

    def __init__(self, stores, num_waiting):
        self._stores = stores
        self._num_waiting = num_waiting

    def collect(self) -> Iterable[Metric]:
        """The families, for a registry."""
        waiting = GaugeMetricFamily("tfrec_serving_waiting", "Requests that wait.")
        waiting.add_metric([], self._num_waiting())
        loads = CounterMetricFamily(
            "tfrec_serving_loads",
            "Versions loaded, and versions refused.",
            labels=["model", "outcome"],
        )
        versions = GaugeMetricFamily(
            "tfrec_serving_version_loaded_timestamp_seconds",
            "When a version that answers was loaded.",
            labels=["model", "version"],
        )
        memory = GaugeMetricFamily(
            "tfrec_serving_version_memory_bytes",
            "Memory of the process before and after a version was loaded.",
            labels=["model", "version", "moment"],
        )
        for store in self._stores():
            name = store.settings.name
            loads.add_metric([name, "loaded"], store.num_loaded)
            loads.add_metric([name, "refused"], store.num_refused)
            for version in store.statuses():
                if version.servable:
                    labels = [name, str(version.number)]
                    versions.add_metric(labels, version.loaded_at)
                    before, after = version.memory
                    memory.add_metric([*labels, "before"], before)
                    memory.add_metric([*labels, "after"], after)
        return [waiting, loads, versions, memory, *self._items()]

    def _items(self):
        """How far versions are with the logs of their items."""
        changes = CounterMetricFamily(
            "tfrec_serving_item_changes",
            "Changes of items made, and changes and lines of the item log skipped.",
            labels=["model", "version", "outcome"],
        )
        behind = GaugeMetricFamily(
            "tfrec_serving_items_behind_seconds",
            "For how long the log of items has held what is not served yet.",
            labels=["model", "version"],
        )
        for store in self._stores():
            for version in store.statuses():
                if version.following:
                    labels = [store.settings.name, str(version.number)]
                    state = version.following
                    changes.add_metric([*labels, "made"], state.num_made)
                    changes.add_metric([*labels, "passed_over"], state.num_passed_over)
                    behind.add_metric(labels, state.behind_s)
        return changes, behind
