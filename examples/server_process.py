"""A model server as its own process, for the length of a block."""

import contextlib
import pathlib
import re
import subprocess
import sys
import threading

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tfrec.errors import ServingError

LISTENING = re.compile(r"Running gRPC ModelServer at (\S+:\d+) \.\.\.")
START_S, HEALTH_S, STOP_S = 120, 60, 30


@contextlib.contextmanager
def running_server(models: dict[str, pathlib.Path], folder: pathlib.Path):
    """Serves some models on a free port, and ends the server afterwards.

    Args:
        models: name -> folder of version folders.
        folder: where the server's configuration and log go.

    Yields:
        `(target, pid)`: `"host:port"` of a server that says it is healthy.

    Raises:
        ServingError: it does not start; the message holds the end of its log.
    """
    config = folder / "models.config"
    config.write_text(_model_config(models))
    command = [sys.executable, "-m", "serving.server", "--port=0"]
    command.append(f"--model_config_file={config}")
    log_path = folder / "server.log"
    with log_path.open("w") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        target = _target(process, log_path)
        _wait_for_health(target, log_path)
        yield target, process.pid
    finally:
        _stop(process)


def _model_config(models):
    configs = [
        f'  config {{ name: "{name}" base_path: "{path.resolve()}" '
        'model_platform: "tensorflow" }'
        for name, path in models.items()
    ]
    return "\n".join(["model_config_list {", *configs, "}"]) + "\n"


def _target(process, log_path):
    """The address in the server's first line, which it prints when it is ready."""
    watchdog = threading.Timer(START_S, process.kill)
    watchdog.start()
    found = LISTENING.match(process.stdout.readline())
    watchdog.cancel()
    if not found:
        raise ServingError(f"The server did not start. {_last_words(log_path)}")
    return found[1]


def _wait_for_health(target, log_path):
    request = health_pb2.HealthCheckRequest()
    with grpc.insecure_channel(target) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            for response in stub.Watch(request, timeout=HEALTH_S):
                if response.status == health_pb2.HealthCheckResponse.SERVING:
                    return
        except grpc.RpcError as error:
            raise ServingError(
                f"The server is not healthy: {error.details()}. {_last_words(log_path)}"
            ) from error


def _stop(process):
    """Ends the process as an operator would; kills it if it does not listen."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()


def _last_words(log_path):
    lines = log_path.read_text(errors="replace").splitlines()[-5:]
    return "\n".join([f"Its log, {log_path}, ends with:", *lines])
