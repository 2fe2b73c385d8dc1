"""The consumer as a process of its own."""

import contextlib
import subprocess
import sys

STOP_S = 30


class ConsumerProcess:
    """`python -m serving.online.consumer`; its stderr goes to a file."""

    def __init__(self, source, store, log):
        command = [sys.executable, "-m", "serving.online.consumer"]
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                [*command, "--source", source, "--store", store],
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self.first_line = self.process.stdout.readline()

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
