"""The log of items put in and taken out: lines of JSON, durable, replayed.

A line is one change, or a list of changes that were made together: half a line is no
JSON, so whoever reads has all of them or none, whatever became of the writer. A list
that holds anything but changes is passed over whole: no program of ours writes one, so
nobody knows what was meant to be made together.
"""

import dataclasses
import json
import logging
import os
import pathlib
import time
from collections.abc import Sequence
from typing import NamedTuple

from tfrec.data.item_changes import ItemChange
from tfrec.errors import DataError, ServingError

logger = logging.getLogger(__name__)

LOG_NAME = "items.jsonl"  # beside the versions of a model


class Reading(NamedTuple):
    """What some part of a log holds.

    Attributes:
        changes: of its good lines, in order.
        place: up to where it was read, in bytes.
        problems: of each line that was passed over, where it begins and what it is.
        start: from where it was read; 0 where another file has taken the log's place.
    """

    changes: list[ItemChange]
    place: int = 0
    problems: Sequence[str] = ()
    start: int = 0


class ItemLog:
    """An append-only file of `ItemChange`s; several programs may write and read it.

    Args:
        path: the file; it is made when the first change comes.
    """

    def __init__(self, path):
        self.path = pathlib.Path(path)

    @classmethod
    def of(cls, model_folder) -> "ItemLog":
        """The log of the model in a folder."""
        return cls(pathlib.Path(model_folder) / LOG_NAME)

    def append(self, changes: Sequence[ItemChange]) -> None:
        """Writes changes, all or none of them readable; they are durable on return.

        Raises:
            ServingError: the file cannot be written, and none was accepted.
        """
        now = time.time()
        rows = [dataclasses.replace(each, time=now).as_row() for each in changes]
        line = json.dumps(rows[0] if len(rows) == 1 else rows)
        try:
            self._write(line)
        except OSError as error:
            raise ServingError(
                f"The log of items cannot be written: {error}. None of {len(rows)} "
                "changes was accepted; give them again when it can be."
            ) from error

    def read(self, start: int = 0) -> Reading:
        """Changes from a place in the file on.

        A line that is not finished is left for the next time; one that holds
        anything but changes is reported and passed over.

        Args:
            start: bytes read before; more than there are means another file, which
                is read from its beginning.

        Raises:
            OSError: the file is there and cannot be read.
        """
        try:
            with open(self.path, "rb") as file:
                return self._read(file, start)
        except FileNotFoundError:
            return Reading([])

    def _read(self, file, start):
        if start > os.fstat(file.fileno()).st_size:
            start = 0
        changes, problems, place = [], [], file.seek(start)
        for line in file:  # one at a time in memory
            if not line.endswith(b"\n"):
                break
            try:
                changes += _parse(line)
            except (ValueError, RecursionError) as error:
                problems.append(f"from byte {place} on: {error}")
                logger.warning("%s: a line is skipped, %s", self.path, problems[-1])
            place += len(line)
        return Reading(changes, place, problems, start)

    def size(self) -> int:
        """Bytes of the file, 0 if it is not there."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def _write(self, line):
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
        file = os.open(self.path, flags, 0o644)
        try:
            # A writer that died may have left a line without its end.
            start = "" if _ends_well(file) else "\n"
            _write_all(file, f"{start}{line}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)


def _parse(line):
    """The changes of a line, none of a blank one."""
    if not line.strip():
        return []
    rows = json.loads(line)
    if not isinstance(rows, list):
        return [ItemChange.parse(rows)]
    changes = []
    for number, row in enumerate(rows, start=1):
        try:
            changes.append(ItemChange.parse(row))
        except DataError as error:
            raise DataError(f"change {number} of {len(rows)}: {error}") from None
    return changes


def _ends_well(file):
    size = os.fstat(file).st_size
    return not size or os.pread(file, 1, size - 1) == b"\n"


def _write_all(file, content):
    while content:
        content = content[os.write(file, content) :]
