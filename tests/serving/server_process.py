"""A server as its own process, on a free port of this machine."""

import contextlib
import re
import subprocess
import sys
import threading

import grpc
import pytest

START_S = 60


class ServerProcess:
    """`python -m serving.server` with some flags.

    Attributes:
        target: `"127.0.0.1:port"`, read from its first line.
        process: `subprocess.Popen`.
    """

    def __init__(self, *flags):
        command = [sys.executable, "-m", "serving.server", "--port=0", *flags]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._log = []
        reader = threading.Thread(target=self._read_log, daemon=True)
        reader.start()
        watchdog = threading.Timer(START_S, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        found = re.fullmatch(
            r"Running gRPC ModelServer at (127\.0\.0\.1:\d+) \.\.\.\n", line
        )
        assert found, f"{line!r}\n{''.join(self._log)}"
        self.target = found[1]

    def stop(self):
        """Ends the process as an operator would, and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(START_S)
        self.process.stdout.close()
        return code

    def _read_log(self):
        with self.process.stderr as log:
            self._log.extend(log)


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
