"""A log in a folder: parquet files by table and by the hour in which records came.

    LOG/events/2026-11-30T14/part-….parquet
    LOG/impressions/2026-11-30T14/part-….parquet

A file is named after its batch. So a batch that is written again, since the process
ended before it was done, replaces its own files, and nothing is there twice.
"""

import collections
import datetime
import json
import os
import pathlib
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from serving.interaction_log.sink import LogError, LogSink
from serving.interaction_log.tables import SCHEMAS, rows_of, table_of
from serving.user_states.log_records import ERASURES, EVENTS
from serving.user_states.outbox import Batch
from tfrec.files import replacing

_HOUR, _HOURS = "%Y-%m-%dT%H", "[0-9]*-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]"
DAY_S = 86_400


class FolderLog(LogSink):
    """Files that the data reader reads, written aside and renamed.

    Args:
        folder: of the log; made if it is absent.
        keep_days: how long an hour is kept after it ended, None for ever.

    Raises:
        LogError: the folder cannot be made.
    """

    def __init__(self, folder: pathlib.Path, keep_days: float | None = None):
        self._folder, self._keep_days = folder, keep_days
        try:
            for name in SCHEMAS:
                (folder / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LogError(f"The log in {folder}: {error}.") from error

    def write(self, batch: Batch) -> None:
        """As in the contract. What is taken back or forgotten leaves earlier files."""
        rows, erased = _sorted_out(batch.records)
        part = f"part-{batch.name}.parquet"
        try:
            if erased:
                self._erase(erased, part)
            for (name, hour), own in rows.items():
                _write_table(table_of(name, own), self._folder / name / hour / part)
        except (OSError, pa.ArrowException) as error:
            raise LogError(f"The log in {self._folder}: {error}.") from error

    def tidy(self, now: float) -> None:
        if self._keep_days is None:
            return
        oldest = _hour(now - self._keep_days * DAY_S)
        try:
            for name in SCHEMAS:
                for hour in (self._folder / name).glob(_HOURS):
                    if hour.name < oldest:
                        shutil.rmtree(hour)
        except OSError as error:
            raise LogError(f"The log in {self._folder}: {error}.") from error

    def close(self) -> None:
        pass

    def _erase(self, erased, own_part):
        """Rewrites the files that hold any of it; those of the batch come later."""
        for name in SCHEMAS:
            for path in sorted((self._folder / name).glob("*/part-*.parquet")):
                if path.name != own_part:
                    _erase_from(path, name, erased)


def _hour(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime(_HOUR)


def _sorted_out(records):
    """Rows by table and hour, and what is erased of all that came before."""
    kept: list[dict] = []
    erased: set[tuple[str, str]] = set()
    for record in map(json.loads, records):
        if record["table"] == ERASURES:
            pair = (record["user_id"], record["event_id"])
            erased.add(pair)
            kept = [each for each in kept if not _is_erased(each, {pair})]
        else:
            kept.append(record)
    rows: dict[tuple[str, str], list[dict]] = collections.defaultdict(list)
    for record in kept:
        rows[record["table"], _hour(record["received"])] += rows_of(record)
    return rows, erased


def _is_erased(record, erased):
    user_id = record["user_id"]
    if (user_id, "") in erased:
        return True
    is_event = record["table"] == EVENTS and record["event_id"] != ""
    return is_event and (user_id, record["event_id"]) in erased


def _erase_from(path, name, erased):
    columns = ["user_id", "event_id"] if name == EVENTS else ["user_id"]
    found = pq.read_table(path, columns=columns)
    users = pa.array([user for user, _ in erased], pa.string())
    if not pc.any(pc.is_in(found["user_id"], users)).as_py():
        return
    rows = ({"table": name} | row for row in found.to_pylist())
    is_kept = [not _is_erased(row, erased) for row in rows]
    if all(is_kept):
        return
    rest = pq.read_table(path).filter(pa.array(is_kept))
    if len(rest):
        _write_table(rest, path)
    else:
        path.unlink()


def _write_table(table, path):
    """Durably: the file and its entry in the folder are on the disk."""
    with replacing(path) as aside, open(aside, "wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    for folder in (path.parent, path.parent.parent):
        _sync_folder(folder)


def _sync_folder(folder):
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
