"""A program as its own process, which says in its first line where it listens."""

import re
import subprocess
import sys
import threading

START_S = 180  # a busy machine imports slowly


class ListeningProcess:
    """`python -m <module>` with some flags.

    Args:
        module: str, of the program.
        line: pattern of its first line, the address as its group.
        flags: of the program.

    Attributes:
        address: what the group of `line` found.
        process: `subprocess.Popen`.
    """

    def __init__(self, module, line, *flags):
        command = [sys.executable, "-m", module, *map(str, flags)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._log = []
        threading.Thread(target=self._read_log, daemon=True).start()
        watchdog = threading.Timer(START_S, self.process.kill)
        watchdog.start()
        first = self.process.stdout.readline()
        watchdog.cancel()
        found = re.fullmatch(rf"{line} \.\.\.\n", first)
        assert found, f"{first!r}\n{''.join(self._log)}"
        self.address = found[1]

    def stop(self):
        """Ends the process as an operator would, and returns its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(START_S)
        self.process.stdout.close()
        return code

    def log(self):
        """What the program wrote to stderr so far."""
        return "".join(self._log)

    def _read_log(self):
        with self.process.stderr as log:
            self._log.extend(log)
