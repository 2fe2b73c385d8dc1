"""Tests of tfrec.protocol.tracing: spans of gateway and server, in memory."""

import threading

import pytest

from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.scheduling.parameters import BatchingParameters
from serving.model_server.server import ModelServer
from serving.model_server.server_settings import ServerSettings
from serving.user_states.opening import open_states
from tests.serving.online.gateway_process import eventually, gateway_thread
from tfrec.errors import MissingPackageError
from tfrec.protocol import tracing

PREDICT = "/tensorflow.serving.PredictionService/Predict"
ROUTE = "GET /v1/users/{user_id:path}/recommendations"


@pytest.fixture
def spans():
    """Gives what was recorded so far, as a list."""
    for name in tracing._PARTS:
        pytest.importorskip(name, reason="the extra `otel` is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import (
        InMemorySpanExporter,
    )

    exporter = InMemorySpanExporter()
    tracing.record_by(SimpleSpanProcessor(exporter))
    yield lambda: list(exporter.get_finished_spans())
    tracing.stop()


@pytest.mark.parametrize("batching", [None, BatchingParameters()])
def test_a_request_is_one_trace_from_gateway_to_compute(spans, toy, servable, batching):
    store = ModelStore(ModelSettings("toy", toy), load=lambda folder: servable)
    server = ModelServer([store], ServerSettings(batching=batching))
    server.start(0, threading.Event())
    with gateway_thread(open_states("memory:"), server.address) as http:
        http.recommend("ann", k=2)

        def trace():
            roots = [span for span in spans() if span.name == ROUTE]
            number = roots[0].context.trace_id if roots else None
            return [span for span in spans() if span.context.trace_id == number]

        eventually(lambda: {"queue", "compute"} < {span.name for span in trace()})
    server.drain()
    by_id = {span.context.span_id: span for span in trace()}
    (compute,) = (span for span in by_id.values() if span.name == "compute")
    (queue,) = (span for span in by_id.values() if span.name == "queue")
    chain, span = [], compute
    while span:
        chain.append((span.name, span.kind.name))
        span = by_id[span.parent.span_id] if span.parent else None
    assert chain == [
        ("compute", "INTERNAL"),
        (PREDICT, "SERVER"),
        (PREDICT, "CLIENT"),
        (ROUTE, "SERVER"),
    ]
    assert queue.parent == compute.parent
    assert queue.start_time <= queue.end_time == compute.start_time < compute.end_time
    answered = by_id[compute.parent.span_id]
    assert answered.start_time - 10**8 < queue.start_time  # two clocks, 0.1 s


def test_nothing_is_recorded_unless_a_collector_is_named(monkeypatch):
    for name in (*tracing.ENDPOINTS, "OTEL_SDK_DISABLED", "OTEL_TRACES_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    assert not tracing.is_configured()
    tracing.start("test")
    assert tracing.server_interceptors() == []
    assert tracing.current() is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    assert tracing.is_configured()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    assert not tracing.is_configured()
    monkeypatch.delenv("OTEL_TRACES_EXPORTER")
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert not tracing.is_configured()


def test_a_collector_without_the_packages(monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4317")
    monkeypatch.setattr(tracing, "_PARTS", ("opentelemetry.of_tomorrow",))
    with pytest.raises(MissingPackageError, match=r"Install `tfrec\[otel\]`"):
        tracing.start("test")
