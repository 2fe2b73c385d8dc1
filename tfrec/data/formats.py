"""Parquet, CSV and JSONL files, read in chunks.

Every reader yields `Chunk`s. CSV cells stay strings, so that the id "007" stays
what it is; values are given their types by `tfrec.data.columns`.
"""

import csv
import gzip
import itertools
import json
import zlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tfrec.errors import DataError

CHUNK_ROWS = 200_000
CHUNK_BYTES = 16 << 20  # of CSV text
UNREADABLE = (pa.ArrowException, OSError, EOFError, UnicodeDecodeError, zlib.error)


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        frame: raw pandas frame.
        rows: `[n]` row numbers in the file, counted from 1 without a CSV header.
        malformed: `(row, text)` of lines that are no row at all.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    malformed: tuple = ()


def find_files(path):
    """Files of a table: the file itself, or those of a folder, sorted by name.

    Raises:
        DataError: there is none, or its name ends in nothing that can be read.
    """
    if path.is_dir():
        files = [
            file
            for file in sorted(path.rglob("*"))
            if format_of(file) and not _is_hidden(file.relative_to(path))
        ]
        if files:
            return files
    elif path.is_file() and format_of(path):
        return [path]
    state = "that exists" if path.exists() else "that does not exist"
    raise DataError(
        f"A table must be a file or folder of files ending in {', '.join(READERS)} "
        f"(csv and jsonl also with .gz). Received: {path}, {state}."
    )


def format_of(path):
    """`".parquet"`, `".csv"`, `".jsonl"`, or None for any other file."""
    name = path.name.removesuffix(".gz").removesuffix(".brotli")
    return next((suffix for suffix in READERS if name.endswith(suffix)), None)


def read_chunks(path, defaults):
    """Yields the `Chunk`s of a file.

    Args:
        path: file whose name ends in a known format.
        defaults: column in the file -> value for JSON objects that lack it.

    Raises:
        DataError: the file is damaged or not of the format its name says.
    """
    suffix = format_of(path)
    try:
        yield from READERS[suffix](path, defaults)
    except UNREADABLE as error:
        raise DataError(f"{path} cannot be read as {suffix[1:]}: {error}") from error


def _parquet_chunks(path, defaults):
    count = 0
    file = pa.parquet.ParquetFile(path)
    batches = itertools.chain(
        file.iter_batches(CHUNK_ROWS), [_empty(file.schema_arrow)]
    )
    for batch in batches:
        frame = batch.to_pandas(strings_to_categorical=True, integer_object_nulls=True)
        yield Chunk(frame, np.arange(count + 1, count + len(frame) + 1))
        count += len(frame)


def _empty(schema):
    """A batch without rows, so that even an empty file shows its columns."""
    return pa.RecordBatch.from_pylist([], schema=schema)


def _csv_chunks(path, defaults):
    with _open_text(path) as file:
        names = next(csv.reader(file), [])
    if not names:
        raise DataError(f"{path} must begin with a line of column names. It is empty.")
    malformed, bad_rows = [], set()

    def set_aside(row):
        malformed.append((row.number - 1, row.text))  # the header is row 1
        bad_rows.add(row.number - 1)
        return "skip"

    types = dict.fromkeys(names, pa.string())
    reader = pa.csv.open_csv(
        path,
        pa.csv.ReadOptions(block_size=CHUNK_BYTES, use_threads=False),
        pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=set_aside),
        pa.csv.ConvertOptions(column_types=types),
    )
    good_rows = (row for row in itertools.count(1) if row not in bad_rows)
    for batch in itertools.chain(reader, [_empty(pa.schema(types))]):
        frame = batch.to_pandas(strings_to_categorical=True)
        rows = np.fromiter(itertools.islice(good_rows, len(frame)), np.int64)
        yield Chunk(frame, rows, tuple(malformed))
        malformed.clear()


def _jsonl_chunks(path, defaults):
    names = {}  # a dict keeps the order; columns seen so far
    with _open_text(path) as file:
        lines = enumerate(file, start=1)
        while part := list(itertools.islice(lines, CHUNK_ROWS)):
            records, rows, malformed = [], [], []
            for row, line in part:
                record = _parse_object(line)
                if record is not None:
                    records.append(record)
                    rows.append(row)
                elif line.strip():
                    malformed.append((row, line.rstrip("\n")))
            names |= dict.fromkeys(itertools.chain.from_iterable(records))
            yield Chunk(_as_frame(records, names, defaults), np.array(rows), malformed)


def _as_frame(records, names, defaults):
    columns = {
        name: [_flat(record.get(name, defaults.get(name))) for record in records]
        for name in names
    }
    return pd.DataFrame(columns, dtype=object)


def _flat(value):
    """Lists become "a|b", the form of categories."""
    if isinstance(value, list):
        return "|".join(map(str, value))
    return json.dumps(value) if isinstance(value, dict) else value


def _parse_object(line):
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _open_text(path):
    opener = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig", newline="")


def _is_hidden(path):
    return any(part.startswith((".", "_")) for part in path.parts)


READERS = {
    ".parquet": _parquet_chunks,
    ".csv": _csv_chunks,
    ".jsonl": _jsonl_chunks,
}
