"""Values of feature columns, one by one: what each kind takes, at every door.

Tables read their cells by the same rules (`tfrec.data.feature_cells`).
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tfrec.errors import DataError
from tfrec.feature_columns import FeatureColumn, Kind
from tfrec.values import read_categories, read_id, read_limit, read_number, read_text

RULE = "is no list of finite numbers"
SHOWN = 80  # characters of a value that a message shows


def read_vector(cell: Any) -> bytes:
    """The bytes of a vector: of a list, of its JSON, or of bytes from before.

    Raises:
        ValueError: it is none.

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


def read_value(kind: Kind, raw: Any, width: int = 0) -> Any:
    """A value of a feature column, as JSON and models have it.

    Args:
        kind: of the column.
        raw: what a file or a request holds; None for none.
        width: numbers of a vector; 0 for any.

    Returns:
        Float, UTC seconds, string ("a|b" of several names) or list of floats; None
        where there is none.

    Raises:
        ValueError: it is of another kind; the words begin with "must" or "looks".

    Example:
        >>> read_value("number", "4.5"), read_value("time", "1970-01-02")
        (4.5, 86400)
    """
    if raw is None:
        return None
    if kind == "vector":
        return _read_list(raw, width)
    return _READERS[kind](raw)


def read_features(raw: Mapping, columns: Sequence[FeatureColumn]) -> dict[str, Any]:
    """Values of feature columns by name, checked.

    Args:
        raw: name of a column -> value.
        columns: those that a model knows.

    Returns:
        The same as `read_value` gives it, without missing ones.

    Raises:
        DataError: a name is unknown, or a value of another kind; tells of all.
    """
    known = {column.name: column for column in columns}
    found, problems = {}, unknown_names("features", raw, known)
    for name in [each for each in raw if each in known]:
        column = known[name]
        try:
            value = read_value(column.kind, raw[name], column.width)
        except ValueError as error:
            problems.append(f"`{name}` {error}. Received: {brief(raw[name])}.")
            continue
        if value is not None:
            found[name] = value
    if problems:
        raise DataError(" ".join(problems))
    return found


def unknown_names(what: str, given: Mapping, known: Mapping) -> list[str]:
    """What is wrong with names that a model does not know; nothing if it knows all.

    Args:
        what: of which they are names.
        given: by name.
        known: by name.
    """
    unknown = [str(name) for name in given if name not in known]
    if not unknown:
        return []
    names = f"one of {', '.join(known)}" if known else "left out: the model has none"
    return [f"`{what}` must be {names}. Received: {brief(', '.join(unknown))}."]


def brief(value: Any) -> str:
    """A value as a message shows it."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _read_number(raw: Any) -> float:
    number = read_number(raw)
    if math.isnan(number):
        raise ValueError("must be a number; leave it out where there is none")
    return number


def _read_time(raw: Any) -> int:
    seconds = read_limit(raw)
    if not seconds:
        raise ValueError("must be a time; leave it out where there is none")
    return seconds


def _read_list(raw: Any, width: int) -> list[float] | None:
    try:
        vector = np.frombuffer(read_vector(raw), "<f4").tolist()
    except ValueError:
        raise ValueError("must be a list of finite numbers") from None
    if vector and width and len(vector) != width:
        raise ValueError(f"must have {width} numbers, as the model learnt")
    return vector or None


def _named(read: Callable[[Any], str]) -> Callable[[Any], str | None]:
    return lambda raw: read(raw) or None


_READERS: dict[str, Callable[[Any], Any]] = {
    "number": _read_number,
    "time": _read_time,
    "category": _named(read_id),
    "categories": _named(read_categories),
    "text": _named(read_text),
}
