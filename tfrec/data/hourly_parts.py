"""Parquet files in folders named after hours, as the gateway writes them."""

import datetime
import pathlib

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tfrec.data.problems import SHOWN, show_names
from tfrec.errors import DataError

HOUR = "%Y-%m-%dT%H"  # of a folder's name, UTC
HOUR_S = 3600
TEXT, WHOLE, NUMBER = pa.string(), pa.int64(), pa.float64()
WORDS = {TEXT: "texts", WHOLE: "whole numbers", NUMBER: "numbers"}


def read_parts(folder, columns, since=None, until=None):
    """The rows of all parts whose hour overlaps a span.

    Args:
        folder: `pathlib.Path` with `2026-11-30T14/part-*.parquet` and the like. Other
            files and folders are skipped.
        columns: dict of column name -> `TEXT`, `WHOLE` or `NUMBER`.
        since: int UTC seconds, None for all from the first hour on.
        until: int UTC seconds, exclusive; None for all up to the last hour.

    Returns:
        pandas frame of these columns in the order of the files, without rows where no
        part is in the span. Missing texts are `""`, missing numbers NaN.

    Raises:
        DataError: there is no such folder; a file cannot be read; a column is absent,
            has another type, or lacks a whole number.
    """
    if not folder.is_dir():
        raise DataError(
            f"A log must have a folder `{folder.name}` of hours such as 2026-11-30T14, "
            f"because its rows are read from there. Received: {folder.parent}, "
            "which has none."
        )
    schema = pa.schema(columns)
    paths = [str(path) for path in _paths(folder, since, until)]
    if not paths:
        return schema.empty_table().to_pandas()
    parts = ds.dataset(paths, format="parquet", schema=schema)
    _check_schemas(parts, schema)
    try:
        table = parts.to_table()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise DataError(f"Parts in {folder} cannot be read: {error}") from error
    return _without_gaps(table, folder).to_pandas()


def _paths(folder, since, until):
    for hour in sorted(folder.iterdir()):
        start = _start(hour)
        if start is None or not hour.is_dir():
            continue
        begins_in_time = until is None or start < until
        ends_in_time = since is None or start + HOUR_S > since
        if begins_in_time and ends_in_time:
            yield from sorted(hour.glob("part-*.parquet"))


def _start(path: pathlib.Path):
    """UTC seconds at which the hour of a folder begins, None for another name."""
    try:
        moment = datetime.datetime.strptime(path.name, HOUR)
    except ValueError:
        return None
    return int(moment.replace(tzinfo=datetime.UTC).timestamp())


def _check_schemas(parts, schema):
    """Raises one DataError for all files that lack a column or have another type."""
    problems: dict[str, list[str]] = {}
    for part in parts.get_fragments():
        try:
            found = part.physical_schema
        except (pa.ArrowInvalid, OSError) as error:
            raise DataError(
                f"{part.path} must be a parquet file, because a log is made of them. "
                f"Received: {error}. Move it out of the log if it is half written."
            ) from error
        for rule in _broken(found, schema):
            problems.setdefault(rule, []).append(part.path)
    if problems:
        lines = [
            f"{rule} ({len(files)} files, first: {', '.join(files[:SHOWN])})"
            for rule, files in problems.items()
        ]
        raise DataError("Parts of the log are wrong:\n  " + "\n  ".join(lines))


def _broken(found, schema):
    for wanted in schema:
        if wanted.name not in found.names:
            names = show_names(found.names)
            yield f"column `{wanted.name}` is missing. Columns found: {names}"
        elif not _fits(kind := found.field(wanted.name).type, wanted.type):
            words = WORDS[wanted.type]
            yield f"column `{wanted.name}` must have {words}. Received: {kind}"


def _fits(kind, wanted):
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    if pa.types.is_null(kind):
        return wanted != WHOLE
    if wanted == TEXT:
        return pa.types.is_string(kind) or pa.types.is_large_string(kind)
    is_whole = pa.types.is_integer(kind)
    return is_whole or (wanted == NUMBER and pa.types.is_floating(kind))


def _without_gaps(table, folder):
    for index, field in enumerate(table.schema):
        column = table.column(index)
        if not column.null_count:
            continue
        if field.type == WHOLE:
            raise DataError(
                f"`{field.name}` must be given in every row of {folder.name}, because "
                f"rows are ordered by it. Received: {column.null_count} rows without."
            )
        if field.type == TEXT:
            filled = pc.fill_null(column, "")
            table = table.set_column(index, field.name, filled)
    return table
