"""The files of a table, and the pieces in which they are read."""

import logging
import urllib.parse
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tfrec.errors import DataError

logger = logging.getLogger(__name__)

# How a name ends -> the format it stands for.
FORMATS = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".tsv": "csv",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_COMPRESSED = (".gz", ".brotli")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file.

    Attributes:
        frame: raw pandas frame of the columns that are read.
        rows: `[n]` row numbers in the file, counted from 1 without a CSV header; a
            row of several lines has the number of its first line.
        columns: names of all the file's columns, those that are not read as well.
        malformed: `(row, text, rule)` of lines that are no row at all.
    """

    frame: pd.DataFrame
    rows: np.ndarray
    columns: tuple
    malformed: tuple = ()


def header_chunk(names, kept):
    """A chunk without rows: shows a file's columns before any of them is read."""
    frame = pd.DataFrame(columns=[*dict.fromkeys(kept)], dtype=object)
    return Chunk(frame, np.zeros(0, np.int64), tuple(names))


def find_files(path, is_told=True):
    """Files of a table: the file itself, or those of a folder, sorted by name.

    Files of a folder whose names end otherwise are named in the log, if `is_told`;
    those that begin with "." or "_" are marks of other programs and left alone.

    Raises:
        DataError: there is none, or its name ends in nothing that can be read.
    """
    if path.is_dir():
        found = [
            file
            for file in sorted(path.rglob("*"))
            if file.is_file() and not _is_hidden(file.relative_to(path))
        ]
        files = [file for file in found if format_of(file)]
        others = [str(file.relative_to(path)) for file in found if not format_of(file)]
        if files and others and is_told:
            logger.warning("%s: files that are not read: %s.", path, ", ".join(others))
        if files:
            return files
    elif path.is_file() and format_of(path):
        return [path]
    state = "that exists" if path.exists() else "that does not exist"
    raise DataError(
        f"A table must be a file or folder of files ending in {', '.join(FORMATS)} "
        f"(all but parquet also with .gz). Received: {path}, {state}."
    )


def format_of(path):
    """`"parquet"`, `"csv"`, `"jsonl"`, or None for any other file."""
    name = path.name.lower()
    for ending in _COMPRESSED:
        name = name.removesuffix(ending)
    return next((kind for end, kind in FORMATS.items() if name.endswith(end)), None)


def partition_of(file, folder):
    """What the folders between say of a file's rows: name -> value, None for none.

    Example:
        >>> import pathlib
        >>> folder = pathlib.Path("events")
        >>> partition_of(folder / "day=2024-01-01/event=add%20to%20cart/0.csv", folder)
        {'day': '2024-01-01', 'event': 'add to cart'}
    """
    parts = file.relative_to(folder).parts[:-1]
    pairs = (map(urllib.parse.unquote, part.split("=", 1)) for part in parts)
    return {
        name: None if value[0] == _NO_VALUE else value[0]
        for name, *value in pairs
        if value
    }


def _is_hidden(path):
    return any(
        part.startswith(".") or (part.startswith("_") and "=" not in part)
        for part in path.parts
    )
