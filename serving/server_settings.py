"""How a server listens, what it bears and what it tells."""

import os
from dataclasses import dataclass

from serving.scheduling.parameters import BatchingParameters
from serving.security.tls import Tls
from serving.security.tokens import Tokens
from serving.text_protos import new_message, read_text_proto

USUAL_METRICS_PATH = "/monitoring/prometheus/metrics"
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
        metrics_path: of Prometheus' metrics on the REST port, `""` for none.
        tls: certificates, None for plain text.
        tokens: those that callers must show one of, None for anybody.
        max_requests_per_s: of each client, 0 for any number.
        as_content: whether numbers of answers are in `tensor_content`, and not in
            the fields of their types.
    """

    host: str = "127.0.0.1"
    port: int = 0
    rest_port: int | None = None
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


def read_metrics_path(path) -> str:
    """Where a `--monitoring_config_file` wants metrics, `""` for nowhere.

    Raises:
        ConfigError: the file is missing or does not parse.
    """
    config = new_message("MonitoringConfig")
    read_text_proto("--monitoring_config_file", path, config)
    prometheus = config.prometheus_config
    return (prometheus.path or USUAL_METRICS_PATH) if prometheus.enable else ""
