"""Parquet, CSV and JSONL files, read in chunks.

Every reader yields `Chunk`s of raw cells: CSV's stay strings, so that the id "007"
stays what it is, and lists and structs are Python's. Values are given their types by
`tfrec.data.columns`.
"""

import io
import itertools
import json
import uuid
import zlib

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from tfrec.data.csv_rows import NO_ROW, csv_chunks
from tfrec.data.files import Chunk, format_of, header_chunk
from tfrec.data.text_files import text_chunks
from tfrec.errors import DataError

CHUNK_ROWS = 200_000
UNREADABLE = (pa.ArrowException, OSError, EOFError, zlib.error)
_UUID_BYTES = 16


def read_chunks(path, defaults, keeps_others=False):
    """Yields the `Chunk`s of a file.

    The first of a parquet or CSV file has no rows and shows the columns, so that they
    can be refused before any is read.

    Args:
        path: file whose name ends in a known format.
        defaults: column that is read -> its value in JSON objects that lack it.
        keeps_others: whether all other columns are read, too.

    Raises:
        DataError: the file is damaged or not of the format its name says.
    """
    kind = format_of(path)
    try:
        yield from _READERS[kind](path, defaults, keeps_others)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read as {kind}: {error}") from error


def _parquet_chunks(path, defaults, keeps_others):
    file = pa.parquet.ParquetFile(path)
    names = tuple(file.schema_arrow.names)
    kept = [*dict.fromkeys(n for n in names if keeps_others or n in defaults)]
    yield header_chunk(names, kept)
    count = 0
    for batch in file.iter_batches(CHUNK_ROWS, columns=kept):
        rows = np.arange(count + 1, count + batch.num_rows + 1)
        yield Chunk(_as_pandas(batch), rows, names)
        count += batch.num_rows


def _as_pandas(batch):
    """Raw cells; pandas' own notes in the file, such as an index, do not count."""
    columns = {
        name: _as_cells(column)
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pd.DataFrame(columns, index=range(batch.num_rows))


def _as_cells(column):
    if pa.types.is_nested(column.type):
        return pd.Series(column.to_pylist(), dtype=object)
    if pa.types.is_fixed_size_binary(column.type) and (
        column.type.byte_width == _UUID_BYTES
    ):
        cells = (cell and uuid.UUID(bytes=cell) for cell in column.to_pylist())
        return pd.Series([*cells], dtype=object)
    if pa.types.is_timestamp(column.type) and column.type.unit in ("s", "ms"):
        # Refuses years that no datetime has.
        column = column.cast(pa.timestamp("us", column.type.tz))
    return column.to_pandas(
        strings_to_categorical=True, integer_object_nulls=True, date_as_object=False
    )


def _jsonl_chunks(path, defaults, keeps_others):
    names: dict[str, None] = {}  # a dict keeps the order; columns seen so far
    count = 0
    for text in text_chunks(path):
        records, rows, malformed = [], [], []
        lines = io.StringIO(text, newline="").readlines()
        for row, line in enumerate(lines, start=count + 1):
            record = _parse_object(line)
            if record is not None:
                records.append(record)
                rows.append(row)
            elif line.strip():
                malformed.append((row, line.rstrip("\r\n"), NO_ROW))
        if not count:
            _refuse_array(path, malformed)
        names |= dict.fromkeys(itertools.chain.from_iterable(records))
        kept = [name for name in names if keeps_others or name in defaults]
        columns = {
            name: [record.get(name, defaults.get(name)) for record in records]
            for name in kept
        }
        frame = pd.DataFrame(columns, index=range(len(records)), dtype=object)
        yield Chunk(frame, np.array(rows, np.int64), tuple(names), tuple(malformed))
        count += len(lines)


def _refuse_array(path, malformed):
    if malformed and malformed[0][0] == 1 and malformed[0][1].lstrip()[:1] == "[":
        raise DataError(
            f"{path} must hold one JSON object per line. Received: a JSON array. Write "
            "its objects line by line, for instance with `jq -c '.[]' OLD > NEW`."
        )


def _parse_object(line):
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


_READERS = {"parquet": _parquet_chunks, "csv": csv_chunks, "jsonl": _jsonl_chunks}
