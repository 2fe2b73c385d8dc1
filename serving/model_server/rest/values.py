"""JSON values as arrays and back.

Reference: `tensorflow_serving/util/json_tensor.cc`, whose rules and words these are.
"""

import base64
import binascii
import json
import math

import numpy as np

from tfrec.protocol.status import RequestError, invalid

_MAX_RANK = 32
_SHOWN = 100  # letters of a value that errors quote
_JSON_NAMES = {dict: "Object", list: "Array", str: "String", type(None): "Null"}
_ALLOWED: dict[str, set[type]] = {"f": {int, float}, "b": {bool}}  # else int
_TF_NAMES = {"float32": "float", "float64": "double"}


def read_array(value, dtype: str) -> np.ndarray:
    """A JSON value as an array.

    Args:
        value: number, string, bool, `{"b64": …}`, or lists of these.
        dtype: numpy name, or `"string"`.

    Returns:
        Array whose shape is that of the lists; strings are `bytes` objects.

    Raises:
        RequestError: the lists are uneven, or a value does not fit the type.

    Example:
        >>> read_array([[1, 2], [3, 4]], "float32").tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    shape = _shape(value)
    flat: list = []
    _flatten(value, shape, 0, flat)
    array = np.empty(len(flat), object) if dtype == "string" else None
    if array is None:
        return _numbers(flat, dtype).reshape(shape)
    array[:] = [_string(each) for each in flat]
    return array.reshape(shape)


def write_array(array: np.ndarray, is_bytes: bool):
    """An array as lists of JSON values.

    Args:
        array: numbers, bools or strings.
        is_bytes: whether strings become `{"b64": …}`.
    """
    if array.dtype.kind == "O":
        values = np.empty(array.size, object)
        write = _write_bytes if is_bytes else _write_text
        values[:] = [write(each) for each in array.ravel()]
        return values.reshape(array.shape).tolist()
    if array.dtype == np.float32:
        # By way of the shortest text: 0.1, not 0.10000000149011612.
        array = array.astype("U32").astype(np.float64)
    return array.tolist()


def shown(value) -> str:
    """The beginning of a JSON value, for errors."""
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def is_base64(value) -> bool:
    """Whether a value is `{"b64": "…"}`."""
    return (
        isinstance(value, dict)
        and value.keys() == {"b64"}
        and isinstance(value["b64"], str)
    )


def _shape(value):
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    if len(shape) > _MAX_RANK:
        raise invalid(f"A tensor must have at most {_MAX_RANK} dimensions.")
    return shape


def _flatten(value, shape, level, flat):
    if not isinstance(value, list):
        if level != len(shape):
            raise invalid(
                f"JSON Value: {shown(value)} found at incorrect level: {level + 1} in "
                f"the JSON DOM. Expected at level: {len(shape)}"
            )
        flat.append(value)
        return
    if level >= len(shape):
        raise invalid(
            f"Encountered list at unexpected level: {level} expected < {len(shape)}"
        )
    if len(value) != shape[level]:
        raise invalid(
            f"Encountered list at unexpected size: {len(value)} at level: {level} "
            f"expected size: {shape[level]}"
        )
    for each in value:
        _flatten(each, shape, level + 1, flat)


def _numbers(flat, dtype):
    kind = np.dtype(dtype).kind
    allowed = _ALLOWED.get(kind, {int})
    for each in flat:
        if type(each) not in allowed:
            raise _type_error(each, dtype)
    if kind == "f":
        _check_lossless(flat, dtype)
    try:
        return np.array(flat, dtype)
    except OverflowError:
        limits = np.iinfo(dtype)
        outside = (each for each in flat if not limits.min <= each <= limits.max)
        raise _type_error(next(outside), dtype) from None


def _check_lossless(flat, dtype):
    limits = np.finfo(dtype)
    largest_int = 2 ** (limits.nmant + 1) - 1
    for each in flat:
        is_int = isinstance(each, int)
        largest = largest_int if is_int else float(limits.max)
        if abs(each) > largest and (is_int or math.isfinite(each)):
            raise invalid(
                f"Cannot convert JSON value: {shown(each)} to {_TF_NAMES[dtype]} "
                "without loss of precision."
            )


def _string(value):
    if is_base64(value):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (binascii.Error, ValueError) as error:
            raise invalid("Unable to base64 decode") from error
    if isinstance(value, dict):
        raise invalid(
            f"JSON Value: {shown(value)} not formatted correctly for base64 data"
        )
    if not isinstance(value, str):
        raise _type_error(value, "string")
    try:
        return value.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair
        raise invalid(f"JSON Value: {shown(value)} is not UTF-8") from error


def _type_error(value, dtype) -> RequestError:
    name = _JSON_NAMES.get(type(value), "Number")
    name = str(value) if isinstance(value, bool) else name
    return invalid(
        f"JSON Value: {shown(value)} Type: {name} is not of expected type: "
        f"{_TF_NAMES.get(dtype, dtype)}"
    )


def _write_text(value):
    return value.decode(errors="replace")


def _write_bytes(value):
    return {"b64": base64.b64encode(value).decode()}
