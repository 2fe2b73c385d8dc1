"""A gRPC server that speaks TF Serving's protocol.

    python -m serving.server --model_name=tfrec --model_base_path=saved_models/tfrec

The flags are tensorflow_model_server's. When the first look at the model folders
is over, one line on stdout says where it listens:

    Running gRPC ModelServer at 127.0.0.1:8500 ...
"""

import logging
import os
import pathlib
import signal
import threading
from typing import Annotated

from typer import Option

from tfrec.errors import ConfigError
from tfrec.program import run_program


def serve(
    port: Annotated[int, Option("--port", help="0 picks a free one.")] = 8500,
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
        int, Option("--grpc_max_threads", min=1, help="Requests answered at a time.")
    ] = 4 * (os.cpu_count() or 1),
):
    """Serves saved models over gRPC, as tensorflow_model_server does."""
    if bool(model_base_path) == bool(model_config_file):
        raise ConfigError(
            "Either `--model_base_path` or `--model_config_file` must be given."
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    # TensorFlow takes seconds to import: not before the flags are right.
    from serving.model_config import read_model_config
    from serving.model_server import ModelServer
    from serving.model_store import ModelSettings, ModelStore

    if model_config_file:
        models = read_model_config(model_config_file)
    else:
        models = [ModelSettings(model_name, pathlib.Path(model_base_path))]
    stores = [ModelStore(settings) for settings in models]
    server = ModelServer(stores, host, port, grpc_max_threads)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server.start(file_system_poll_wait_seconds, stopped)
    if not stopped.is_set():
        print(f"Running gRPC ModelServer at {server.address} ...", flush=True)
    stopped.wait()
    server.drain()


def main():
    """Entry point of `tfrec-serve`."""
    run_program(serve)


if __name__ == "__main__":
    main()
