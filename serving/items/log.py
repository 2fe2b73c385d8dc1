"""The log of items put in and taken out: lines of JSON, durable, replayed.

A line is one change, or a list of changes that were made together: half a line is no
JSON, so whoever reads has all of them or none, whatever became of the writer.
"""

import dataclasses
import json
import logging
import os
import pathlib
import time
from collections.abc import Sequence

from tfrec.data.item_changes import Change
from tfrec.errors import DataError

logger = logging.getLogger(__name__)

LOG_NAME = "items.jsonl"  # beside the versions of a model


class ItemLog:
    """An append-only file of `Change`s; several programs may write and read it.

    Args:
        path: the file; it is made when the first change comes.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)

    @classmethod
    def of(cls, model_folder) -> "ItemLog":
        """The log of the model in a folder."""
        return cls(pathlib.Path(model_folder) / LOG_NAME)

    def append(self, changes: Sequence[Change]) -> None:
        """Writes changes, all or none of them readable; they are durable on return."""
        now = time.time()
        rows = [
            dataclasses.asdict(dataclasses.replace(each, time=now)) for each in changes
        ]
        line = json.dumps(rows[0] if len(rows) == 1 else rows)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        file = os.open(self.path, flags, 0o644)
        try:
            # A writer that died may have left a line without its end.
            start = "" if self._ends_well(file) else "\n"
            _write_all(file, f"{start}{line}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)

    def read(self, start: int = 0) -> tuple[list[Change], int]:
        """Changes from a place in the file on.

        A line that is not finished is left for the next time; one that holds
        anything but changes is reported and passed over.

        Args:
            start: bytes read before; more than there are means another file, which
                is read from its beginning.

        Returns:
            The changes, and the place up to which they were read.
        """
        if not self.path.is_file():
            return [], 0
        with open(self.path, "rb") as file:
            if start > os.fstat(file.fileno()).st_size:
                start = 0
            file.seek(start)
            content = file.read()
        end = content.rfind(b"\n") + 1
        changes = []
        for line in content[:end].splitlines():
            if line.strip():
                changes += self._parse(line)
        return changes, start + end

    def _parse(self, line):
        try:
            rows = json.loads(line)
            return [Change(**row) for row in (rows if type(rows) is list else [rows])]
        except (ValueError, TypeError, DataError) as error:
            logger.warning("%s has a line that is no change: %s", self.path, error)
            return []

    @staticmethod
    def _ends_well(file):
        size = os.fstat(file).st_size
        return not size or os.pread(file, 1, size - 1) == b"\n"


def _write_all(file, content):
    while content:
        content = content[os.write(file, content) :]
