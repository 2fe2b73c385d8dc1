"""Vectors in a column of a table: a list of numbers in each cell."""

import json
import math
from collections import Counter

import numpy as np

from tfrec.data.columns import read_each
from tfrec.errors import DataError

RULE = "is no list of finite numbers"
SIZE = np.dtype("<f4").itemsize


def parse_vector(raw, name):
    """As `parse_optional_vector`; a row without one breaks a rule."""
    cells, broken = parse_optional_vector(raw, name)
    is_missing = (cells == b"") & ~np.logical_or.reduce(
        [np.zeros(len(raw), bool), *broken.values()]
    )
    return cells, broken | {f"`{name}` is missing or empty": is_missing}


def parse_optional_vector(raw, name):
    """Bytes of 32-bit floats, and rules that rows break, as a `Column` parses."""
    cells, broken = read_each(raw, name, read_vector, b"")
    lengths = np.array([len(cell) for cell in cells]) // SIZE
    usual = Counter(lengths[lengths > 0].tolist()).most_common(1)
    if usual:
        length = usual[0][0]
        is_other = (lengths > 0) & (lengths != length)
        broken |= {f"`{name}` has not {length} numbers, as most have": is_other}
    return cells, broken


def read_vector(cell):
    """The bytes of a vector: of a list, of its JSON, or of bytes from before.

    Example:
        >>> np.frombuffer(read_vector("[1, 2.5]"), "<f4").tolist()
        [1.0, 2.5]
    """
    if isinstance(cell, bytes):
        return cell
    if cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return b""
    if isinstance(cell, str):
        if not cell.strip():
            return b""
        try:
            cell = json.loads(cell)
        except ValueError as error:
            raise ValueError(RULE) from error
    if not isinstance(cell, list | tuple | np.ndarray):
        raise ValueError(RULE)
    try:
        vector = np.asarray(cell, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(RULE) from error
    with np.errstate(over="ignore"):
        vector = vector.astype("<f4")
    if vector.ndim != 1 or not np.isfinite(vector).all():
        raise ValueError(RULE)
    return vector.tobytes()


def vector_cells(vectors):
    """`[n]` object array of the bytes of `[n, dim]` vectors; None if not finite."""
    vectors = np.asarray(vectors, "<f4")
    if not np.isfinite(vectors).all():
        return None
    return np.array([each.tobytes() for each in vectors], object)


def stack_vectors(cells, names):
    """Vectors of a parsed column as they are; zeros where there is none.

    Args:
        cells: `[n]` sequence of bytes, as `parse_vector` gives them.
        names: `[n]` sequence of strings, whose vectors these are.

    Returns:
        `[n, dim]` float32 array.

    Raises:
        DataError: they differ in length, as those of several files may, or there is
            none.
    """
    lengths = np.array([len(cell) for cell in cells]) // SIZE
    dim = lengths.max(initial=0)
    other = np.flatnonzero((lengths > 0) & (lengths != dim))
    if len(other) or not dim:
        place = other[0] if len(other) else 0
        raise DataError(
            "The vectors of a column must have the same length, because they are "
            f"compared. Received: {dim} numbers at most, and {lengths[place]} for "
            f"{names[place]!r}. Compute them with one model."
        )
    vectors = np.zeros((len(cells), dim), np.float32)
    for row, cell in enumerate(cells):
        if cell:
            vectors[row] = np.frombuffer(cell, "<f4")
    return vectors


def unit_vectors(cells, item_ids):
    """Vectors of a parsed column, scaled to length 1; zeros for items without one.

    Args:
        cells: `[n]` sequence of bytes, as `parse_vector` gives them.
        item_ids: `[n]` sequence of strings.

    Returns:
        `[n, dim]` float32 array.

    Raises:
        DataError: as `stack_vectors`.
    """
    vectors = stack_vectors(cells, item_ids)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(norms, 1e-12)
