"""A server as its own process, on a free port of this machine."""

import contextlib

import grpc
import pytest

from tests.serving.listening_process import ListeningProcess


class ServerProcess(ListeningProcess):
    """`python -m serving.server` with some flags; `target` is `"127.0.0.1:port"`."""

    def __init__(self, *flags):
        line = r"Running gRPC ModelServer at (127\.0\.0\.1:\d+)"
        super().__init__("serving.server", line, "--port=0", *flags)
        self.target = self.address


@contextlib.contextmanager
def serving(*flags):
    """A server for the length of a block."""
    server = ServerProcess(*flags)
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def fails_with(code, words):
    """Expects a stub's call to fail: name of the status code, part of the words."""
    with pytest.raises(grpc.RpcError) as caught:
        yield
    assert caught.value.code().name == code, caught.value.details()
    assert words in caught.value.details()
