"""A server that speaks TF Serving's protocol, over gRPC and over REST.

    python -m serving.server --model_name=tfrec --model_base_path=saved_models/tfrec

The flags are tensorflow_model_server's. When the first look at the model folders
is over, one line on stdout says where it listens:

    Running gRPC ModelServer at 127.0.0.1:8500 ...
"""

import logging
import pathlib
import signal
import threading
from typing import Annotated

from typer import Option

from serving.scheduling.parameters import BatchingParameters, read_parameters
from serving.security.exposure import check_privacy
from serving.security.tls import read_tls
from serving.security.tokens import Tokens
from serving.server_settings import (
    USUAL_THREADS,
    ServerSettings,
    read_metrics_path,
)
from tfrec.errors import ConfigError
from tfrec.program import run_program


def serve(
    port: Annotated[int, Option("--port", help="0 picks a free one.")] = 8500,
    rest_api_port: Annotated[
        int, Option("--rest_api_port", help="Of the REST API; 0 for none.")
    ] = 0,
    host: Annotated[str, Option("--host", help="Address to bind.")] = "127.0.0.1",
    model_name: Annotated[
        str, Option("--model_name", help="What requests call the model.")
    ] = "default",
    model_base_path: Annotated[
        str, Option("--model_base_path", help="Folder of integer version folders.")
    ] = "",
    model_config_file: Annotated[
        str, Option("--model_config_file", help="ModelServerConfig in text format.")
    ] = "",
    file_system_poll_wait_seconds: Annotated[
        float,
        Option(
            "--file_system_poll_wait_seconds",
            min=0,
            help="Between two looks for new versions; 0 looks once.",
        ),
    ] = 1,
    grpc_max_threads: Annotated[
        int, Option("--grpc_max_threads", min=1, help="Requests computed at a time.")
    ] = USUAL_THREADS,
    rest_api_num_threads: Annotated[
        int, Option("--rest_api_num_threads", min=1, help="REST requests at a time.")
    ] = USUAL_THREADS,
    rest_api_timeout_in_ms: Annotated[
        int, Option("--rest_api_timeout_in_ms", min=1, help="For a REST request.")
    ] = 30_000,
    enable_batching: Annotated[
        bool, Option("--enable_batching", help="Compute requests together.")
    ] = False,
    batching_parameters_file: Annotated[
        str,
        Option("--batching_parameters_file", help="BatchingParameters, text format."),
    ] = "",
    max_waiting_requests: Annotated[
        int, Option("--max_waiting_requests", min=0, help="Further ones are refused.")
    ] = ServerSettings.max_waiting,
    max_request_bytes: Annotated[
        int, Option("--max_request_bytes", min=1, help="Size of a request.")
    ] = ServerSettings.max_request_bytes,
    monitoring_config_file: Annotated[
        str, Option("--monitoring_config_file", help="MonitoringConfig, text format.")
    ] = "",
    log_requests: Annotated[
        bool, Option("--log_requests", help="Those that succeed, too.")
    ] = False,
    ssl_config_file: Annotated[
        str, Option("--ssl_config_file", help="SSLConfig in text format.")
    ] = "",
    auth_token_file: Annotated[
        str, Option("--auth_token_file", help="TOKEN or TOKEN ROLE, one a line.")
    ] = "",
    rate_limit_per_client: Annotated[
        float, Option("--rate_limit_per_client", min=0, help="A second; 0: none.")
    ] = 0,
    allow_plaintext: Annotated[
        bool, Option("--allow_plaintext", help="Also where others may listen.")
    ] = False,
):
    """Serves saved models over gRPC and REST, as tensorflow_model_server does."""
    if bool(model_base_path) == bool(model_config_file):
        raise ConfigError(
            "Either `--model_base_path` or `--model_config_file` must be given."
        )
    settings = ServerSettings(
        host=host,
        port=port,
        rest_port=rest_api_port or None,
        max_threads=grpc_max_threads,
        batching=_batching(enable_batching, batching_parameters_file),
        max_waiting=max_waiting_requests,
        rest_threads=rest_api_num_threads,
        rest_timeout_s=rest_api_timeout_in_ms / 1000,
        max_request_bytes=max_request_bytes,
        metrics_path=_metrics_path(monitoring_config_file),
        tls=read_tls(ssl_config_file) if ssl_config_file else None,
        tokens=Tokens(auth_token_file) if auth_token_file else None,
        max_requests_per_s=rate_limit_per_client,
    )
    is_private = bool(settings.tls) or allow_plaintext
    check_privacy(host, is_private, "`--ssl_config_file`, or `--allow_plaintext`")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    if not log_requests:
        logging.getLogger("serving.requests").setLevel(logging.WARNING)
    stores = _stores(model_name, model_base_path, model_config_file)
    _serve_until_signal(stores, settings, file_system_poll_wait_seconds)


def _batching(is_enabled, path):
    if path and not is_enabled:
        raise ConfigError(
            "`--batching_parameters_file` must come with `--enable_batching`, because "
            "it has no meaning without."
        )
    if not is_enabled:
        return None
    return read_parameters(path) if path else BatchingParameters()


def _metrics_path(monitoring_config_file):
    return read_metrics_path(monitoring_config_file) if monitoring_config_file else ""


def _stores(model_name, model_base_path, model_config_file):
    # TensorFlow takes seconds to import: not before the flags are right.
    from serving.model_config import read_model_config
    from serving.model_store import ModelSettings, ModelStore

    if model_config_file:
        models = read_model_config(model_config_file)
    else:
        models = [ModelSettings(model_name, pathlib.Path(model_base_path))]
    return [ModelStore(each) for each in models]


def _serve_until_signal(stores, settings, poll_wait_s):
    from serving import tracing
    from serving.model_server import ModelServer

    tracing.start("tfrec-server")
    server = ModelServer(stores, settings)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server.start(poll_wait_s, stopped)
    if not stopped.is_set():
        print(f"Running gRPC ModelServer at {server.address} ...", flush=True)
        if server.rest_address:
            print(f"Exporting HTTP/REST API at:{server.rest_address} ...", flush=True)
    stopped.wait()
    server.drain()


def main():
    """Entry point of `tfrec-serve`."""
    run_program(serve)


if __name__ == "__main__":
    main()
