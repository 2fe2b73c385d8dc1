"""Tensors on the wire: TensorProto to numpy and back.

Numbers travel as `tensor_content`, read without a copy through `np.frombuffer`;
this is several times faster than `tf.make_tensor_proto` and `tf.make_ndarray`,
and needs no TensorFlow.
"""

import math

import numpy as np

from tfrec.errors import ServingError

DT_STRING = 7
# DataType number -> name of the numpy dtype, the field that holds values one by one.
_FIELDS = {
    1: ("float32", "float_val"),
    2: ("float64", "double_val"),
    3: ("int32", "int_val"),
    4: ("uint8", "int_val"),
    5: ("int16", "int_val"),
    6: ("int8", "int_val"),
    9: ("int64", "int64_val"),
    10: ("bool", "bool_val"),
    17: ("uint16", "int_val"),
    22: ("uint32", "uint32_val"),
    23: ("uint64", "uint64_val"),
}
_DTYPES = {number: np.dtype(name) for number, (name, _) in _FIELDS.items()}
_TYPES = {dtype: number for number, dtype in _DTYPES.items()}
_MAX_REPEATED = 1 << 24  # elements, or letters, that one repeated value may stand for


class CodecError(ServingError, ValueError):
    """A tensor proto contradicts itself, or its dtype has no numpy form."""


def dtype_name(number: int) -> str:
    """Name of a DataType number, `"string"` for strings.

    Example:
        >>> dtype_name(1), dtype_name(7), dtype_name(99)
        ('float32', 'string', 'type 99')
    """
    if number == DT_STRING:
        return "string"
    return _FIELDS.get(number, (f"type {number}",))[0]


def read_tensor(proto) -> np.ndarray:
    """The array in a TensorProto.

    Args:
        proto: `TensorProto` whose values are in `tensor_content` or in the field
            of their type; a shorter field is continued with its last value.

    Returns:
        An array, read-only where it shares memory with the proto; strings are
        `bytes` objects.

    Raises:
        CodecError: the dtype is unsupported or values and shape disagree.
    """
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.dtype == DT_STRING:
        values = np.empty(len(proto.string_val), dtype=object)
        values[:] = proto.string_val
        return _shaped(values, shape)
    dtype = _DTYPES.get(proto.dtype)
    if dtype is None:
        raise CodecError(f"dtype {dtype_name(proto.dtype)} is not supported")
    content = proto.tensor_content
    if not content:
        field = _FIELDS[proto.dtype][1]
        return _shaped(np.array(getattr(proto, field), dtype), shape)
    if len(content) != math.prod(shape) * dtype.itemsize:
        raise CodecError(f"{len(content)} bytes do not fill {dtype.name} {shape}")
    return _shaped(np.frombuffer(content, dtype), shape)


def write_tensor(array: np.ndarray, proto) -> None:
    """Fills an empty TensorProto.

    Args:
        array: numbers, bools, or strings (`str` or `bytes` objects).
        proto: `TensorProto` to fill, such as `request.inputs["k"]`.

    Raises:
        CodecError: the dtype has no number here.
    """
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if array.dtype.kind in "OSU":
        proto.dtype = DT_STRING
        proto.string_val.extend(_as_bytes(value) for value in array.ravel().tolist())
    elif array.dtype in _TYPES:
        proto.dtype = _TYPES[array.dtype]
        proto.tensor_content = array.tobytes()
    else:
        raise CodecError(f"dtype {array.dtype} is not supported")


def _as_bytes(value):
    return value.encode() if isinstance(value, str) else value


def _shaped(values, shape):
    size = math.prod(shape)
    missing = size - len(values)
    is_wrong = min(shape, default=0) < 0 or missing < 0
    if is_wrong or (missing and not _may_go_on(values, size)):
        raise CodecError(f"{len(values)} values do not fill shape {shape}")
    if missing:  # TensorFlow's short form: the last value goes on
        values = np.concatenate([values, np.repeat(values[-1:], missing)])
    try:
        return values.reshape(shape)
    except ValueError as error:  # too many dimensions, or sizes beside a zero
        raise CodecError(f"its shape is not supported: {error}") from error


def _may_go_on(values, size):
    """Whether the last value, repeated, stays within bounds: each copy takes memory."""
    if not len(values):
        return False
    length = len(values[-1]) if values.dtype == object else 1
    return size * max(1, length) <= _MAX_REPEATED
