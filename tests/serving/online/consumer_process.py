"""The consumer as a process of its own."""

import contextlib
import re
import subprocess
import sys

from tests.serving.online.gateway_process import Http

STOP_S = 30


class ConsumerProcess:
    """`python -m serving.stream`; its stderr goes to a file."""

    def __init__(self, source, store, log):
        command = [sys.executable, "-m", "serving.stream"]
        command += ["--metrics-port", "0"]
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                [*command, "--source", source, "--store", store],
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self.first_line = self.process.stdout.readline()
        port = re.search(r"metrics at http://127\.0\.0\.1:(\d+)/", self.first_line)
        assert port, self.first_line
        self.ask = Http(int(port[1]))

    def stop(self):
        """Ends it as an operator would: exit code and the rest of stdout."""
        self.process.terminate()
        with self.process.stdout as stdout:
            rest = stdout.read()
        return self.process.wait(STOP_S), rest

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@contextlib.contextmanager
def consuming(source, store, log):
    """A consumer for the length of a block."""
    consumer = ConsumerProcess(source, store, log)
    try:
        yield consumer
    finally:
        consumer.kill()
