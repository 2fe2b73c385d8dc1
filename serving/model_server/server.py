"""The server: gRPC services, health and reflection on one port, REST on another."""

import functools
import threading

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.model_server.answering import Answering
from serving.model_server.metrics import ModelsCollector, ServerMetrics
from serving.model_server.model_config import FollowedConfig
from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.models import Models, Poller
from serving.model_server.scheduling.admission import CallThreads, Doorkeeper
from serving.model_server.scheduling.batching import BatchingScheduler
from serving.model_server.scheduling.direct import DirectScheduler
from serving.model_server.scheduling.scheduler import Scheduler
from serving.model_server.server_settings import ServerSettings
from serving.model_server.services import ModelService, PredictionService
from serving.security.gate import Gate
from serving.security.interceptor import GateInterceptor
from serving.security.rate_limit import RateLimit
from tfrec.errors import ServingError
from tfrec.optional import import_optional
from tfrec.protocol import tracing
from tfrec.protocol.status import http_status

DRAIN_S = 25  # time that requests under way get when the server stops
_SERVICES = (
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
)
_HELD_REQUESTS = 2  # of the largest size, that the REST API has in memory at a time
_SPARE_THREADS = 8  # for health checks while all others wait


class ModelServer:
    """Serves models on a port, or on two.

    Args:
        stores: one `ModelStore` per model.
        settings: `ServerSettings`.

    Attributes:
        address: `"host:port"` of gRPC.
        rest_address: the same of the REST API, `""` without it.

    Raises:
        ServingError: a port is taken or the address may not be bound.
        MissingPackageError: the REST API's packages are not installed.
    """

    def __init__(self, stores: list[ModelStore], settings: ServerSettings):
        make_store = functools.partial(ModelStore, loading=settings.loading)
        self._models = Models(stores, make_store, settings.allows_early_labels)
        metrics = ServerMetrics()
        self._scheduler = scheduler = _scheduler(settings, metrics)
        metrics.add(ModelsCollector(self._models.stores, lambda: scheduler.num_waiting))
        answering = Answering(self._models, scheduler, metrics)
        self._health = health.HealthServicer()
        rate = settings.max_requests_per_s
        gate = Gate(settings.tokens, RateLimit(rate) if rate else None)
        self._server = _grpc_server(settings, gate, metrics)
        _add_services(self._server, answering, self._health, settings.as_content)
        self.address = _bind(self._server, settings)
        self._rest = _rest_server(answering, gate, settings)
        self.rest_address = self._rest.address if self._rest else ""
        self._poller: Poller | None = None
        self._config_poller: Poller | None = None

    def start(self, poll_wait_s: float, stopped: threading.Event) -> None:
        """Answers at once; returns when every folder was looked at once.

        Args:
            poll_wait_s: seconds between two looks for new versions, 0 for one look.
            stopped: set it to return early.
        """
        self._report_health()
        self._server.start()
        if self._rest:
            self._rest.start()
        self._poller = Poller(self._models.poll, poll_wait_s, self._report_health)
        self._poller.start()
        while not stopped.is_set() and not self._poller.first_round.wait(0.1):
            pass
        if self._config_poller:
            self._config_poller.start()

    def follow(self, path, models: list[ModelSettings], poll_wait_s: float) -> None:
        """Serves the models of a configuration file as it changes, once it has started.

        Args:
            path: of a `ModelServerConfig` in text format.
            models: what it held when it was read first.
            poll_wait_s: seconds between two looks at it, 0 for none.
        """
        if poll_wait_s:
            config = FollowedConfig(path, models, self._models)
            poller = Poller(config.poll, poll_wait_s, self._report_health)
            self._config_poller = poller

    def drain(self) -> None:
        """Takes no new requests and finishes those under way."""
        for poller in (self._poller, self._config_poller):
            if poller:
                poller.stop()
        self._health.enter_graceful_shutdown()
        is_over = self._server.stop(DRAIN_S)
        if self._rest:
            self._rest.drain()
        is_over.wait()
        self._scheduler.close()

    def _report_health(self):
        is_ready = self._models.is_available
        states = health_pb2.HealthCheckResponse
        for name in ("", *_SERVICES):
            self._health.set(name, states.SERVING if is_ready else states.NOT_SERVING)


def _scheduler(settings, metrics) -> Scheduler:
    if settings.batching:
        return BatchingScheduler(settings.batching, settings.max_waiting, metrics)
    return DirectScheduler(settings.max_threads, settings.max_waiting, metrics)


def _add_services(server, answering, health_servicer, as_content):
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(answering, as_content), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(answering), server
    )
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = [*_SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, server)


def _grpc_server(settings, gate, metrics):
    unlimited = -1  # answers of large batches are large
    options = {
        "grpc.max_receive_message_length": settings.max_request_bytes,
        "grpc.max_send_message_length": unlimited,
        # Clients look up the name anew then, and find servers that have come.
        "grpc.max_connection_age_ms": 300_000,
        "grpc.so_reuseport": 0,  # a taken port is an error, not a silent share
        **dict(settings.channel_options),
    }
    # Requests wait in threads, so that those that are too many are known.
    max_calls = settings.max_threads + settings.max_waiting
    threads = CallThreads(max_calls + _SPARE_THREADS)
    refused = functools.partial(metrics.count, "", "", "RESOURCE_EXHAUSTED")
    door = Doorkeeper(threads, max_calls, refused)
    interceptors = [door, *tracing.server_interceptors(), GateInterceptor(gate)]
    pairs = list(options.items())
    return grpc.server(threads, options=pairs, interceptors=interceptors)


def _bind(server, settings):
    """`"host:port"`, once the server listens there and at its socket."""
    host, port = settings.host, settings.port
    address = f"[{host}]" if ":" in host else host
    try:
        bound = _listen(server, f"{address}:{port}", settings.tls)
    except RuntimeError as error:
        raise ServingError(
            "`--port` must be free and `--host` an address of this machine. "
            f"Received: {address}:{port}. {error}"
        ) from error
    if settings.socket_path:
        try:
            _listen(server, f"unix:{settings.socket_path}", settings.tls)
        except RuntimeError as error:
            raise ServingError(
                "`--grpc_socket_path` must be a path where a socket can be made. "
                f"Received: {settings.socket_path}. {error}"
            ) from error
    return f"{address}:{bound}"


def _listen(server, address, tls):
    if tls:
        return server.add_secure_port(address, tls.credentials())
    return server.add_insecure_port(address)


def _rest_server(answering, gate, settings):
    if settings.rest_port is None:
        return None
    import_optional(
        "uvicorn", "the REST API", "Install `tfrec[serve]`, or serve gRPC alone."
    )
    # Not before: those who serve gRPC alone need not have it.
    from serving.http.door import Door
    from serving.http.limits import HttpLimits
    from serving.http.listening import HttpServer
    from serving.model_server.rest.app import RestApp
    from serving.model_server.rest.cross_origin import with_cors
    from serving.model_server.rest.writing import write_error
    from serving.security.http_gate import HttpGate

    threads, timeout_s = settings.rest_threads, settings.rest_timeout_s
    limits = HttpLimits(
        max_body_bytes=settings.max_request_bytes,
        max_held_bytes=_HELD_REQUESTS * settings.max_request_bytes,
        max_requests=threads + settings.max_waiting,
        busy_status=http_status(grpc.StatusCode.RESOURCE_EXHAUSTED),
        max_body_s=min(timeout_s, HttpLimits.max_body_s),
        drain_s=DRAIN_S,
    )
    app = RestApp(answering, threads, timeout_s, settings.metrics_path)
    door = Door(app, limits, write_error, [HttpGate(gate)])
    if settings.has_cors:
        door = with_cors(door)
    tls = settings.tls.context() if settings.tls else None
    where = (settings.host, settings.rest_port)
    return HttpServer(door, *where, limits, write_error, tls, "--rest_api_port")
