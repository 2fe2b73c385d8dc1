"""Cells of feature columns: how a table reads those that a configuration names."""

import dataclasses
import pathlib
from typing import Any

import numpy as np

from tfrec.data.columns import (
    Column,
    parse_categories,
    parse_limit,
    parse_number,
    parse_optional_id,
    parse_text,
)
from tfrec.data.vectors import parse_optional_vector, vector_cells
from tfrec.errors import DataError


def parse_moment(raw, name):
    """Seconds since 1970, UTC, as 64-bit floats; NaN where there is none."""
    seconds, broken = parse_limit(raw, name)
    return np.where(seconds > 0, seconds.astype(np.float64), np.nan), broken


PARSERS = {
    "number": parse_number,
    "category": parse_optional_id,
    "categories": parse_categories,
    "time": parse_moment,
    "vector": parse_optional_vector,
    "text": parse_text,
}


def with_features(table, features, are_named=True):
    """A table that reads feature columns, too; without any, the table itself.

    Args:
        table: `Table`.
        features: sequence of `FeatureColumn`s.
        are_named: whether some file must have each of them; cells of a column that is
            not there are missing ones otherwise.
    """
    default = None if are_named else ""
    named = tuple(
        Column(each.name, PARSERS[each.kind], default, is_named=are_named)
        for each in features
        if not each.file
    )
    return dataclasses.replace(table, columns=table.columns + named) if named else table


def given_features(frame, features):
    """What each row of a parsed frame says of its feature columns.

    Args:
        frame: pandas frame.
        features: sequence of `FeatureColumn`s; some may not be there.

    Returns:
        List of dicts of column name -> value, without missing ones.
    """
    names = [each.name for each in features if each.name in frame]
    cells = {name: frame[name].tolist() for name in names}
    rows: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    for name, column in cells.items():
        for row, cell in zip(rows, column, strict=True):
            if cell not in ("", b"") and cell == cell:  # NaN is not itself
                row[name] = cell
    return rows


def with_vector_files(frame, features, folder):
    """A parsed frame with the vectors of `.npy` files, a row for each of its rows.

    Args:
        frame: pandas frame.
        features: sequence of `FeatureColumn`s.
        folder: path of the files.

    Raises:
        DataError: a file is missing, is no array of vectors, or has another number of
            rows.
    """
    for each in features:
        if each.file:
            frame = frame.assign(**{each.name: _read(folder, each.file, len(frame))})
    return frame


def _read(folder, name, num_rows):
    path = pathlib.Path(folder, name)
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as vectors: {error}.") from error
    if vectors.ndim != 2 or len(vectors) != num_rows or vectors.dtype.kind not in "fiu":
        raise DataError(
            f"{path} must hold a vector for each of the {num_rows} rows of its table, "
            f"in their order. Received: {vectors.dtype} {vectors.shape}."
        )
    cells = vector_cells(vectors)
    if cells is None:
        raise DataError(f"{path} must hold finite numbers. Received: NaN or infinity.")
    return cells
