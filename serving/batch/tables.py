"""Tables in and out of batch scoring, a chunk at a time."""

import contextlib
import json
import pathlib

import numpy as np
import pyarrow as pa
from pyarrow import csv, parquet

from tfrec.data.columns import (
    Column,
    Table,
    parse_id,
    parse_integer,
    parse_limit,
    parse_time,
)
from tfrec.data.problems import Problems, any_broken
from tfrec.data.table_files import TableFiles
from tfrec.data.table_reader import malformed_rows
from tfrec.errors import DataError
from tfrec.files import replacing

BEFORE_ALL = -(2**62)  # the sequence of a query that has none: nothing is earlier
AFTER_ALL = 2**62  # of a query after all events of its moment: nothing is later


def parse_query_id(raw, name):
    """Integers as they are, everything else as strings."""
    if raw.dtype.kind in "iu":
        return raw.to_numpy(np.int64), {}
    return parse_id(raw, name)


QUERIES = Table(
    "Queries",
    (
        Column("query_id", parse_query_id, is_required=True),
        Column("user_id", parse_id, is_required=True),
        Column("timestamp", parse_time, is_required=True),
        Column("sequence", parse_integer, BEFORE_ALL),
    ),
)
UNTIMED_QUERIES = Table(  # to a log without times: they come after all events
    "Queries",
    (
        *QUERIES.columns[:2],
        Column("timestamp", parse_limit, 0),
        Column("sequence", parse_integer, AFTER_ALL),
    ),
)


def stream_table(path, table: Table, columns: dict):
    """Yields the parsed frames of a file or folder.

    Args:
        path: parquet, csv or jsonl file, or a folder of such files.
        table: `tfrec.data.columns.Table`.
        columns: our column name -> name in the files, used where a file has it.

    Raises:
        DataError: a file or column is missing, or rows are bad: all of them in one
            error, after the last chunk.
    """
    problems = Problems(table.name)
    for file, chunk in TableFiles(path, table, columns, is_strict=False):
        for broken, lines, rows in malformed_rows(chunk):
            problems.add(broken, lines, rows, str(file))
        if len(chunk.rows):
            parsed, broken = table.parse(chunk.frame)
            problems.add(broken, chunk.frame, chunk.rows, str(file))
            yield parsed[~any_broken(broken, len(parsed))]
    problems.raise_if_any("Mend or remove these rows.")


def check_output(path) -> pathlib.Path:
    """The path of an output table, its folder made.

    Raises:
        DataError: its name ends in nothing that can be written.
    """
    path = pathlib.Path(path)
    if path.suffix not in _WRITERS:
        raise DataError(f"`--out` must end in {', '.join(_WRITERS)}. Received: {path}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def open_output(path: pathlib.Path, schema: pa.Schema):
    """A function that appends arrow tables to a file.

    The file stands at `path` when the block has succeeded, and not before.

    Args:
        path: its extension decides the format.
        schema: of every table.
    """
    with replacing(path) as aside, _WRITERS[path.suffix](aside, schema) as writer:
        yield writer.write_table


class _JsonLines:
    """Writes one JSON object per row."""

    def __init__(self, file):
        self._file = file

    def write_table(self, table):
        for row in table.to_pylist():
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def _open_jsonl(path, schema):
    with open(path, "w", encoding="utf-8") as file:
        yield _JsonLines(file)


_WRITERS = {
    ".parquet": parquet.ParquetWriter,
    ".csv": csv.CSVWriter,
    ".jsonl": _open_jsonl,
}
