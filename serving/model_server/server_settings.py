"""How a server listens, what it bears and what it tells."""

import os
import re
from dataclasses import dataclass

from serving.model_server.scheduling.parameters import BatchingParameters
from serving.security.tls import Tls
from serving.security.tokens import Tokens
from serving.text_protos import new_message, read_text_proto
from tfrec.errors import ConfigError

USUAL_METRICS_PATH = "/monitoring/prometheus/metrics"
USUAL_THREADS = 4 * (os.cpu_count() or 1)


@dataclass(frozen=True, kw_only=True)
class Loading:
    """How a version comes into use.

    Attributes:
        num_warm_ups: how often it answers its warm-up requests, 0 for not at all.
        max_retries: how often one that was refused is tried again as it is; whenever
            its files change it is tried anyway.
        retry_wait_s: seconds between two of these.
    """

    num_warm_ups: int = 1
    max_retries: int = 5
    retry_wait_s: float = 60


USUAL_LOADING = Loading()


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """Addresses and limits of a `ModelServer`.

    Attributes:
        host: address to bind.
        port: of gRPC, 0 for a free one.
        socket_path: of a UNIX socket for gRPC beside the port, `""` for none.
        channel_options: name and value of gRPC's own, beside ours.
        rest_port: of the REST API, 0 for a free one, None for none.
        has_cors: whether pages of any site may ask the REST API.
        max_threads: requests computed at a time.
        batching: how requests are computed together, None for each by itself.
        max_waiting: requests beyond these that wait for their turn; further ones
            are refused with RESOURCE_EXHAUSTED.
        rest_threads: requests that the REST API reads and writes at a time.
        rest_timeout_s: seconds that a REST request may take.
        max_request_bytes: size of a request.
        metrics_path: of Prometheus' metrics on the REST port, `""` for none.
        tls: certificates, None for plain text.
        tokens: those that callers must show one of, None for anybody.
        max_requests_per_s: of each client, 0 for any number.
        as_content: whether numbers of answers are in `tensor_content`, and not in
            the fields of their types.
        loading: how versions come into use.
        allows_early_labels: whether a new label may name a version that is not ready.
    """

    host: str = "127.0.0.1"
    port: int = 0
    socket_path: str = ""
    channel_options: tuple[tuple[str, int | str], ...] = ()
    rest_port: int | None = None
    has_cors: bool = False
    max_threads: int = USUAL_THREADS
    batching: BatchingParameters | None = None
    max_waiting: int = 64  # each waits in a thread: more of them slow down the rest
    rest_threads: int = USUAL_THREADS
    rest_timeout_s: float = 30
    max_request_bytes: int = 64 * 1024 * 1024
    metrics_path: str = ""
    tls: Tls | None = None
    tokens: Tokens | None = None
    max_requests_per_s: float = 0
    as_content: bool = False
    loading: Loading = USUAL_LOADING
    allows_early_labels: bool = False


def read_channel_options(text: str) -> tuple[tuple[str, int | str], ...]:
    """Options of a gRPC server as `--grpc_channel_arguments` has them.

    Raises:
        ConfigError: a part has no `=`.

    Example:
        >>> read_channel_options("grpc.max_connection_age_ms=2000,grpc.x=y")
        (('grpc.max_connection_age_ms', 2000), ('grpc.x', 'y'))
    """
    return tuple(_channel_option(part) for part in text.split(",") if part)


def _channel_option(part):
    name, equals, value = part.partition("=")
    if not (name and equals):
        raise ConfigError(
            f"`--grpc_channel_arguments` must read name=value,… Received: {part}."
        )
    return name, int(value) if re.fullmatch(r"-?\d+", value) else value


def read_metrics_path(path) -> str:
    """Where a `--monitoring_config_file` wants metrics, `""` for nowhere.

    Raises:
        ConfigError: the file is missing or does not parse.
    """
    config = new_message("MonitoringConfig")
    read_text_proto("--monitoring_config_file", path, config)
    prometheus = config.prometheus_config
    return (prometheus.path or USUAL_METRICS_PATH) if prometheus.enable else ""
