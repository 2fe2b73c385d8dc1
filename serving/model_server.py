"""The gRPC server: services, health and reflection on one port."""

import threading
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving.model_store import ModelStore, Poller
from serving.services import Models, ModelService, PredictionService
from tfrec.errors import ServingError

DRAIN_S = 30  # time that requests under way get when the server stops
_SERVICES = (
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
)


class ModelServer:
    """Serves models on a port.

    Args:
        stores: one `ModelStore` per model.
        host: address to bind.
        port: 0 for a free one.
        max_threads: requests answered at a time.

    Raises:
        ServingError: the port is taken or the address may not be bound.
    """

    def __init__(
        self, stores: list[ModelStore], host: str, port: int, max_threads: int
    ):
        self._stores = stores
        self._health = health.HealthServicer()
        self._server = _grpc_server(max_threads)
        _add_services(self._server, Models(stores), self._health)
        self.address = _bind(self._server, host, port)
        self._poller: Poller | None = None

    def start(self, poll_wait_s: float, stopped: threading.Event) -> None:
        """Answers at once; returns when every folder was looked at once.

        Args:
            poll_wait_s: seconds between two looks for new versions, 0 for one look.
            stopped: set it to return early.
        """
        self._report_health()
        self._server.start()
        self._poller = Poller(self._stores, poll_wait_s, self._report_health)
        self._poller.start()
        while not stopped.is_set() and not self._poller.first_round.wait(0.1):
            pass

    def drain(self) -> None:
        """Takes no new requests and finishes those under way."""
        if self._poller:
            self._poller.stop()
        self._health.enter_graceful_shutdown()
        self._server.stop(DRAIN_S).wait()

    def _report_health(self):
        is_ready = all(store.is_available for store in self._stores)
        states = health_pb2.HealthCheckResponse
        for name in ("", *_SERVICES):
            self._health.set(name, states.SERVING if is_ready else states.NOT_SERVING)


def _add_services(server, models, health_servicer):
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(models), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(
        ModelService(models), server
    )
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    names = [*_SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME]
    reflection.enable_server_reflection(names, server)


def _grpc_server(max_threads):
    unlimited = -1  # as in tensorflow_model_server: batches can be large
    options = {
        "grpc.max_receive_message_length": unlimited,
        "grpc.max_send_message_length": unlimited,
        "grpc.so_reuseport": 0,  # a taken port is an error, not a silent share
    }
    pool = futures.ThreadPoolExecutor(max_threads, thread_name_prefix="grpc")
    return grpc.server(pool, options=list(options.items()))


def _bind(server, host, port):
    address = f"[{host}]" if ":" in host else host
    try:
        bound = server.add_insecure_port(f"{address}:{port}")
    except RuntimeError as error:
        raise ServingError(
            "`--port` must be free and `--host` an address of this machine. "
            f"Received: {address}:{port}. {error}"
        ) from error
    return f"{address}:{bound}"
