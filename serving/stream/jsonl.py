"""Events from a JSONL file or from stdin: one JSON object a line.

Nothing is committed: whoever reads the file again applies what is new in it. Lines
that are no events are written to `<file>.rejected.jsonl`, those of stdin to the log.
"""

import json
import logging
import os
import pathlib
import select
import sys
import threading
from collections.abc import Iterator
from typing import TextIO

from serving.stream.source import EventSource, Message

logger = logging.getLogger(__name__)

CHUNK = 1 << 18  # bytes read at a time: some thousand events
WAIT_S = 0.5  # between two looks whether to stop


class JsonlSource(EventSource):
    """Reads what is there, and waits for more only on a pipe.

    Args:
        path: the file, None for stdin.
        stopped: ends the reading when set.

    Raises:
        OSError: the file cannot be read.
    """

    def __init__(self, path: pathlib.Path | None, stopped: threading.Event):
        self._path = path
        self._stopped = stopped
        self._file = sys.stdin.buffer if path is None else path.open("rb")
        self._rejected: TextIO | None = None
        self._rejected_path = path and path.with_name(f"{path.name}.rejected.jsonl")
        if self._rejected_path is not None:  # of an earlier run
            self._rejected_path.unlink(missing_ok=True)

    def batches(self) -> Iterator[list[Message]]:
        number, rest = 0, b""
        for chunk in self._chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            yield self._messages(lines, number)
            number += len(lines)
        yield self._messages([rest], number)

    def reject(self, rejected):
        if self._rejected_path is None:
            for message, reason in rejected:
                logger.error("%s is no event: %s", message.place, reason)
            return
        if self._rejected is None:
            self._rejected = self._rejected_path.open("w", encoding="utf-8")
        for message, reason in rejected:
            text = message.body.decode("utf-8", "replace")
            row = {"place": message.place, "reason": reason, "line": text}
            self._rejected.write(json.dumps(row, ensure_ascii=False) + "\n")
        self._rejected.flush()

    def commit(self):
        pass

    def close(self):
        if self._rejected is not None:
            self._rejected.close()
        if self._path is not None:
            self._file.close()

    def _chunks(self):
        descriptor = self._file.fileno()
        while not self._stopped.is_set():
            if not select.select([descriptor], [], [], WAIT_S)[0]:
                continue
            chunk = os.read(descriptor, CHUNK)
            if not chunk:
                return
            yield chunk

    def _messages(self, lines, number):
        name = "stdin" if self._path is None else self._path.name
        return [
            Message(line, f"{name}:{place}")
            for place, line in enumerate(lines, start=number + 1)
            if line.strip()
        ]
