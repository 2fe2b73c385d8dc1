"""OpenTelemetry traces of requests, where OpenTelemetry's own variables ask for them.

Spans: the gateway's request, its call of the model server (the context travels in
gRPC's metadata, as W3C writes it), the server's request, and in it `queue` and
`compute`. Without these variables nothing is imported and nothing is recorded.
"""

import os
import time
from typing import Any

from tfrec.optional import import_optional

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_PARTS = (
    "opentelemetry.sdk",
    "opentelemetry.instrumentation.grpc",
    "opentelemetry.instrumentation.fastapi",
    "opentelemetry.exporter.otlp.proto.grpc",
)
_providers: list = []  # one, where spans are recorded


def is_configured() -> bool:
    """Whether `OTEL_…` variables name a collector and do not switch traces off."""
    is_off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    is_none = os.environ.get("OTEL_TRACES_EXPORTER", "otlp") == "none"
    return not (is_off or is_none) and any(map(os.environ.get, ENDPOINTS))


def start(service_name: str) -> None:
    """Sends spans to the collector from now on, if one is configured.

    Args:
        service_name: used where `OTEL_SERVICE_NAME` says nothing.

    Raises:
        MissingPackageError: one is configured and OpenTelemetry is not installed.
    """
    if not is_configured():
        return
    for name in _PARTS:
        import_optional(name, "traces", "Install `tfrec[otel]`, or unset OTEL_….")
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    os.environ.setdefault("OTEL_SERVICE_NAME", service_name)
    record_by(BatchSpanProcessor(OTLPSpanExporter()))


def record_by(processor) -> None:
    """Records spans from now on, and gives them to a span processor."""
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider()
    provider.add_span_processor(processor)
    _providers.append(provider)


def stop() -> None:
    """Records nothing more."""
    while _providers:
        _providers.pop().shutdown()


def server_interceptors() -> list:
    """Those of a gRPC server; none while nothing is recorded."""
    if not _providers:
        return []
    from opentelemetry.instrumentation.grpc import filters, server_interceptor

    wanted = filters.negate(filters.health_check())
    return [server_interceptor(_providers[-1], filter_=wanted)]


def traced_channel(channel):
    """A channel of `grpc` whose calls are spans and carry their context."""
    if not _providers:
        return channel
    from opentelemetry.instrumentation.grpc import client_interceptor
    from opentelemetry.instrumentation.grpc.grpcext import intercept_channel

    return intercept_channel(channel, client_interceptor(_providers[-1]))


def trace_app(app) -> None:
    """Makes the requests of a FastAPI app spans."""
    if _providers:
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(app, tracer_provider=_providers[-1])


def current() -> Any:
    """The span that this thread is in, to be given to `record`."""
    if not _providers:
        return None
    from opentelemetry import context

    return context.get_current()


def record(parent: Any, born: float, started: float, ended: float) -> None:
    """Records what is over: `queue` until `started`, and then `compute`.

    Args:
        parent: as `current` gave it.
        born: `time.monotonic()` seconds, as the others.
        started: when it was the request's turn.
        ended: when its answer was there.
    """
    if parent is None or not _providers:
        return
    offset = time.time_ns() - time.monotonic_ns()
    moments = [round(1e9 * moment) + offset for moment in (born, started, ended)]
    tracer = _providers[-1].get_tracer("tfrec.serving")
    stages = {"queue": moments[:2], "compute": moments[1:]}
    for name, (start, end) in stages.items():
        tracer.start_span(name, parent, start_time=start).end(end)
