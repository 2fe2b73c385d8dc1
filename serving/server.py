"""A server that speaks TF Serving's protocol, over gRPC and over REST.

    python -m serving.server --model_name=tfrec --model_base_path=saved_models/tfrec

The flags are tensorflow_model_server's. When the first look at the model folders
is over, one line on stdout says where it listens:

    Running gRPC ModelServer at 127.0.0.1:8500 ...
"""

import importlib.metadata
import logging
import pathlib
import signal
import threading

import typer

from serving.model_server import server_flags as flags
from serving.model_server.scheduling.parameters import (
    BatchingParameters,
    read_parameters,
)
from serving.model_server.server_settings import (
    USUAL_THREADS,
    Loading,
    ServerSettings,
    read_channel_options,
    read_metrics_path,
)
from serving.model_server.stock_flags import StockCommand, idle_words
from serving.security.exposure import check_privacy
from serving.security.tls import read_tls
from serving.security.tokens import Tokens
from tfrec.errors import ConfigError
from tfrec.lean_import import OF_KERAS, PLOTTING, lean_imports
from tfrec.program import run_program

logger = logging.getLogger(__name__)


def serve(
    context: typer.Context,
    port: flags.Port = 8500,
    rest_api_port: flags.RestPort = 0,
    host: flags.Host = "127.0.0.1",
    model_name: flags.ModelName = "default",
    model_base_path: flags.BasePath = "",
    model_config_file: flags.ConfigFile = "",
    model_config_file_poll_wait_seconds: flags.ConfigPoll = 0,
    allow_early_labels: flags.EarlyLabels = False,
    file_system_poll_wait_seconds: flags.FolderPoll = 1,
    saved_model_tags: flags.Tags = "serve",
    enable_model_warmup: flags.WarmUp = True,
    num_request_iterations_for_warmup: flags.NumWarmUps = 0,
    max_num_load_retries: flags.LoadRetries = Loading.max_retries,
    load_retry_interval_micros: flags.LoadRetryWait = 60_000_000,
    grpc_socket_path: flags.SocketPath = "",
    grpc_channel_arguments: flags.ChannelArguments = "",
    grpc_max_threads: flags.GrpcThreads = USUAL_THREADS,
    rest_api_num_threads: flags.RestThreads = USUAL_THREADS,
    rest_api_timeout_in_ms: flags.RestTimeout = 30_000,
    rest_api_enable_cors_support: flags.Cors = False,
    enable_batching: flags.Batching = False,
    batching_parameters_file: flags.BatchingFile = "",
    tensorflow_session_parallelism: flags.SessionThreads = 0,
    tensorflow_intra_op_parallelism: flags.IntraThreads = 0,
    tensorflow_inter_op_parallelism: flags.InterThreads = 0,
    answer_as_tensor_content: flags.AsContent = False,
    max_waiting_requests: flags.MaxWaiting = ServerSettings.max_waiting,
    max_request_bytes: flags.MaxBytes = ServerSettings.max_request_bytes,
    monitoring_config_file: flags.MonitoringFile = "",
    log_requests: flags.LogRequests = False,
    ssl_config_file: flags.Ssl = "",
    use_alts_credentials: flags.Alts = False,
    auth_token_file: flags.TokenFile = "",
    rate_limit_per_client: flags.RateLimit = 0,
    allow_plaintext: flags.Plaintext = False,
    version: flags.Version = False,
):
    """Serves saved models over gRPC and REST, as tensorflow_model_server does."""
    if version:
        _print_versions()
        return
    _check_elsewhere(use_alts_credentials, saved_model_tags)
    _check_given(model_base_path, model_config_file)
    num_warm_ups = max(1, num_request_iterations_for_warmup)
    settings = ServerSettings(
        host=host,
        port=port,
        socket_path=grpc_socket_path,
        channel_options=read_channel_options(grpc_channel_arguments),
        rest_port=rest_api_port or None,
        has_cors=rest_api_enable_cors_support,
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
        as_content=answer_as_tensor_content,
        loading=Loading(
            num_warm_ups=num_warm_ups if enable_model_warmup else 0,
            max_retries=max_num_load_retries,
            retry_wait_s=load_retry_interval_micros / 1e6,
        ),
        allows_early_labels=allow_early_labels,
    )
    is_private = bool(settings.tls) or allow_plaintext
    check_privacy(host, is_private, "`--ssl_config_file`, or `--allow_plaintext`")
    _start_log(context, log_requests)
    _import_lean()
    _set_threads(
        tensorflow_session_parallelism,
        tensorflow_intra_op_parallelism,
        tensorflow_inter_op_parallelism,
    )
    models = _models(model_name, model_base_path, model_config_file)
    server = _make_server(models, settings)
    if model_config_file:
        server.follow(model_config_file, models, model_config_file_poll_wait_seconds)
    _serve_until_signal(server, file_system_poll_wait_seconds)


def _print_versions():
    for name in ("tfrec", "tensorflow"):
        print(f"{name} {importlib.metadata.version(name)}")


def _check_elsewhere(use_alts_credentials, saved_model_tags):
    """Refuses what would serve something else, or to others, than was asked."""
    if use_alts_credentials:
        raise ConfigError(
            "`--use_alts_credentials` must be false, because this server knows TLS "
            "alone. Give `--ssl_config_file`."
        )
    if saved_model_tags != "serve":
        raise ConfigError(
            "`--saved_model_tags` must be serve, because a saved model holds no other "
            f"graph. Received: {saved_model_tags}."
        )


def _check_given(model_base_path, model_config_file):
    if not (model_base_path or model_config_file):
        raise ConfigError(
            "Either `--model_base_path` or `--model_config_file` must be given."
        )


def _start_log(context, log_requests):
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    if not log_requests:
        logging.getLogger("serving.requests").setLevel(logging.WARNING)
    if words := idle_words(context):
        logger.warning(words)


def _import_lean():
    """Imports what serves, with TensorFlow, but not what saved models never need.

    It takes seconds: not before the flags are right.
    """
    with lean_imports("keras", *PLOTTING, *OF_KERAS):
        import serving.model_server.server  # noqa: F401


def _set_threads(session, intra, inter):
    if session and (intra or inter):
        raise ConfigError(
            "`--tensorflow_session_parallelism` must come without the intra and inter "
            f"op parallelism, because it sets both. Received: {session}, {intra}, "
            f"{inter}."
        )
    if session or intra or inter:
        from tensorflow import config

        config.threading.set_intra_op_parallelism_threads(intra or session)
        config.threading.set_inter_op_parallelism_threads(inter or session)


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


def _models(model_name, model_base_path, model_config_file):
    from serving.model_server.model_config import read_model_config
    from serving.model_server.model_store import ModelSettings

    if not model_config_file:
        return [ModelSettings(model_name, pathlib.Path(model_base_path))]
    if model_base_path:
        logger.warning(
            "`--model_config_file` is used, and `--model_base_path` is ignored."
        )
    return read_model_config(model_config_file)


def _make_server(models, settings):
    from serving.model_server.model_store import ModelStore
    from serving.model_server.server import ModelServer
    from tfrec.protocol import tracing

    tracing.start("tfrec-server")
    stores = [ModelStore(each, loading=settings.loading) for each in models]
    return ModelServer(stores, settings)


def _serve_until_signal(server, poll_wait_s):
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
    run_program(serve, cls=StockCommand)


if __name__ == "__main__":
    main()
