"""A real Redis on a free port, which writes every change to disk at once."""

import shutil
import socket
import subprocess
import time

import pytest

START_S = 20


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for_port(port, process):
    """Until something listens there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"{process.args[0]} does not listen at {port}.")


class RedisServer:
    """`redis-server` in a folder; `restart` starts it again on the same files.

    Args:
        folder: of its files.
        flags: of the server, besides those that make every change durable.
    """

    def __init__(self, folder, *flags):
        if not shutil.which("redis-server"):
            pytest.skip("redis-server is not installed")
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._command = [
            *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1"),
            *("--dir", str(folder), "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "always", *flags),
        ]
        self.restart()

    def restart(self):
        self.process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)

    def kill(self):
        self.process.kill()
        self.process.wait()
