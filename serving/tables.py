"""Tables in and out of batch scoring, a chunk at a time."""

import contextlib
import json
import pathlib

import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from tfrec.data.columns import Column, Table, parse_id, parse_integer, parse_time
from tfrec.data.formats import find_files, read_chunks
from tfrec.data.problems import Problems, any_broken
from tfrec.data.table_reader import NO_ROW, rename
from tfrec.errors import DataError
from tfrec.files import replacing

BEFORE_ALL = -(2**62)  # the sequence of a query that has none: nothing is earlier


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
    for file in find_files(pathlib.Path(path)):
        defaults = {columns.get(c.name, c.name): c.default for c in table.columns}
        for chunk in read_chunks(file, defaults):
            _note_malformed(problems, chunk, file)
            if not len(chunk.frame.columns):
                continue
            known = {o: t for o, t in columns.items() if t in chunk.frame.columns}
            raw = rename(chunk.frame, known, table, file)
            parsed, broken = table.parse(raw)
            problems.add(broken, raw, chunk.rows, str(file))
            yield parsed[~any_broken(broken, len(raw))]
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


def _note_malformed(problems, chunk, file):
    if chunk.malformed:
        rows, lines = zip(*chunk.malformed, strict=True)
        broken = {NO_ROW: ("line", np.ones(len(rows), bool))}
        problems.add(broken, pd.DataFrame({"line": lines}), rows, str(file))
