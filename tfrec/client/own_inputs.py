"""Inputs that a model has of its own: limits of attributes, and what is known of who
asks and how. Their names and types are those of the model's signatures."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tfrec.client.checking import QueryError
from tfrec.client.inputs import pad
from tfrec.feature_columns import Kind
from tfrec.feature_values import brief, read_value, unknown_names
from tfrec.protocol.signature import TensorSpec
from tfrec.values import read_text

PREFIXES = {"filters": "filter_", "user_features": "user_", "context": "context_"}
STANDARD = {"user_text"}  # an input of every model, by the beginning of its name
Own = Mapping[str, Mapping[str, Any]]  # name in `PREFIXES` -> name -> value


def own_arrays(
    rows: Sequence[Own], signature: str, inputs: Mapping[str, TensorSpec]
) -> dict[str, np.ndarray]:
    """The inputs of some queries, each at full batch length.

    Args:
        rows: what each query gives.
        signature: name of the signature that is asked.
        inputs: of the signature.

    Returns:
        Input name -> array, of those that any query gives.

    Raises:
        QueryError: the signature has no such input, or a value is of another kind.

    Example:
        >>> known = {"user_age": TensorSpec("float32", (-1,))}
        >>> own_arrays([{"user_features": {"age": 31}}, {}], "recommend", known)
        {'user_age': array([31., nan], dtype=float32)}
    """
    arrays: dict[str, np.ndarray] = {}
    for what, prefix in PREFIXES.items():
        known = {
            name.removeprefix(prefix): spec
            for name, spec in inputs.items()
            if name.startswith(prefix) and name not in STANDARD
        }
        given = [row.get(what, {}) for row in rows]
        _check(what, given, known, signature)
        for name in dict.fromkeys(each for row in given for each in row):
            try:
                values = [_read(row, name, known[name], what) for row in given]
            except ValueError as error:
                raise QueryError(f"`{what}`: `{name}` {error}") from None
            arrays[prefix + name] = as_array(values, known[name])
    return arrays


def as_array(values: Sequence[Any], spec: TensorSpec) -> np.ndarray:
    """Values as an input takes them.

    Args:
        values: as `tfrec.feature_values.read_value` gives them, one for each row; None
            where there is none. Of an input `[batch, any]`, lists of strings.
        spec: of the input.
    """
    if spec.dtype == "string" and len(spec.shape or ()) == 2:
        return pad([value or () for value in values])
    missing: Any = _MISSING[spec.dtype]
    if len(spec.shape or ()) == 2:
        missing = np.zeros((spec.shape or ())[1], "float32")
    filled = [missing if value is None else value for value in values]
    return np.array(filled, spec.numpy_dtype)


def _check(what: str, given: Sequence[Mapping], known: Mapping, signature: str) -> None:
    for row in given:
        problems = unknown_names(what, row, known)
        if problems:
            raise QueryError(f"{problems[0]} They are inputs of `{signature}`.")


def _read(row: Mapping[str, Any], name: str, spec: TensorSpec, what: str) -> Any:
    if name not in row:
        return None
    raw = row[name]
    if what == "filters" and raw is None:
        raise ValueError("must be given, or left out for no limit. Received: None.")
    try:
        return _reader(spec, raw)(raw)
    except ValueError as error:
        raise ValueError(f"{error}. Received: {brief(raw)}.") from None


def _reader(spec: TensorSpec, raw: Any) -> Callable[[Any], Any]:
    """What reads a value for an input."""
    if spec.dtype != "string":
        width = spec.shape[1] if spec.shape and len(spec.shape) == 2 else 0
        kind: Kind = "time" if spec.dtype == "int64" else "number"
        return lambda raw: read_value("vector" if width else kind, raw, width)
    if len(spec.shape or ()) == 2:
        return _read_names
    kind = "categories" if isinstance(raw, list | tuple) else "text"
    return lambda raw: (read_value(kind, raw) or "").strip()


def _read_names(raw: Any) -> list[str]:
    if isinstance(raw, str):
        return raw.split("|")
    if not isinstance(raw, Iterable) or isinstance(raw, Mapping | bytes):
        raise ValueError('must be a list of names, or a text such as "a|b"')
    return [read_text(each).strip() for each in raw]


_MISSING = {"float32": math.nan, "int64": 0, "string": ""}
