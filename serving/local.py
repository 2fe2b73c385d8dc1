"""A model server, or another program, as its own process for the length of a block."""

import contextlib
import pathlib
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tfrec.errors import ServingError

SERVING = re.compile(r"Running gRPC ModelServer at (\S+:\d+) \.\.\.")
START_S, HEALTH_S, STOP_S = 120, 60, 30


@contextlib.contextmanager
def running_server(models: dict[str, pathlib.Path], folder: pathlib.Path):
    """Serves some models on a free port, and ends the server afterwards.

    Args:
        models: name -> folder of version folders.
        folder: where the server's configuration and log go.

    Yields:
        `(target, process)`: `"host:port"` of a server that says it is healthy, and
        its `subprocess.Popen`.

    Raises:
        ServingError: it does not start; the message holds the end of its log.
    """
    config = folder / "models.config"
    config.write_text(_model_config(models), encoding="utf-8")
    flags = ["serving.server", "--port=0", f"--model_config_file={config}"]
    log_path = folder / "server.log"
    with running_program(flags, SERVING, log_path) as (target, process):
        _wait_for_health(target, log_path)
        yield target, process


@contextlib.contextmanager
def running_program(
    command: Sequence[str], listening: re.Pattern[str], log_path: pathlib.Path
):
    """Runs `python -m command` until the end of a block.

    It does not hear Ctrl-C, which is for us to hear; it is told to end as by an
    operator.

    Args:
        command: module and flags.
        listening: its first line, with its address as a group.
        log_path: where its stderr goes.

    Yields:
        `(address, process)`.

    Raises:
        ServingError: it ends, or takes too long, before it says its first line; the
            message holds the end of its log.
    """
    with log_path.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    try:
        yield _address(process, listening, log_path), process
    finally:
        _stop(process)


def interrupt_on_every_ending() -> None:
    """Makes SIGTERM, a closed terminal and Ctrl-C the same, so that blocks are left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def last_words(log_path: pathlib.Path) -> str:
    """The end of a log, and where it is."""
    lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
    return "\n".join([f"Its log, {log_path}, ends with:", *lines])


def _model_config(models):
    configs = [
        f'  config {{ name: "{name}" base_path: "{path.resolve()}" '
        'model_platform: "tensorflow" }'
        for name, path in models.items()
    ]
    return "\n".join(["model_config_list {", *configs, "}"]) + "\n"


def _address(process, listening, log_path):
    """What its first line says, which it prints when it is ready."""
    is_late = threading.Event()

    def give_up():
        is_late.set()
        process.kill()

    watchdog = threading.Timer(START_S, give_up)
    watchdog.start()
    try:
        found = listening.match(process.stdout.readline())
    finally:
        watchdog.cancel()
    if found:
        return found[1]
    name = process.args[2]
    if is_late.is_set():
        raise ServingError(
            f"{name} was not ready within {START_S} seconds and was ended. The machine "
            "may be busy with other work: try again when it is not. "
            f"{last_words(log_path)}"
        )
    raise ServingError(
        f"{name} ended before it was ready, with exit code {process.wait(STOP_S)}. "
        f"{last_words(log_path)}"
    )


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
                f"The server is not healthy: {error.details()}. {last_words(log_path)}"
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
