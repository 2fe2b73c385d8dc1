"""Tensors on the wire: TensorProto to numpy and back.

Numbers of requests travel as `tensor_content`, read without a copy through
`np.frombuffer`; this is several times faster than `tf.make_tensor_proto` and
`tf.make_ndarray`, and needs no TensorFlow. Those of answers travel in the field of
their type, as tensorflow_model_server's do, unless its flag asks for the other form.
"""

import itertools
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
# Fields whose packed form is the bytes of the array, a bool being one byte of 0 or 1.
_BYTES_ON_THE_WIRE = {"float_val", "double_val", "bool_val"}
_MAX_VARINT = 5  # bytes of a length
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
            of their type; a shorter field is continued with its last value. Strings
            in `tensor_content` are all their lengths and then all their bytes.

    Returns:
        An array, read-only where it shares memory with the proto; strings are
        `bytes` objects.

    Raises:
        CodecError: the dtype is unsupported or values and shape disagree.
    """
    shape = [dim.size for dim in proto.tensor_shape.dim]
    if proto.dtype == DT_STRING:
        return _shaped(np.fromiter(_strings(proto, shape), object), shape)
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


def write_tensor(array: np.ndarray, proto, *, as_content: bool = True) -> None:
    """Fills an empty TensorProto.

    Args:
        array: numbers, bools, or strings (`str` or `bytes` objects).
        proto: `TensorProto` to fill, such as `request.inputs["k"]`.
        as_content: whether numbers go to `tensor_content`, or else to the field of
            their type, `float_val` and its kin. Strings are in `string_val` always.

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
        if as_content:
            proto.tensor_content = array.tobytes()
        else:
            _write_values(array, _FIELDS[proto.dtype][1], proto)
    else:
        raise CodecError(f"dtype {array.dtype} is not supported")


def _strings(proto, shape):
    content = proto.tensor_content
    if not content:
        return proto.string_val
    lengths, place = _read_lengths(content, math.prod(shape))
    ends = np.cumsum([place, *lengths]).tolist()
    if not lengths or ends[-1] != len(content):
        raise CodecError(f"{len(content)} bytes do not fill string {shape}")
    return [content[start:end] for start, end in itertools.pairwise(ends)]


def _read_lengths(content, count):
    """The `count` varints that content begins with, and where they end; [] for none."""
    digits = np.frombuffer(content, np.uint8)
    lasts = np.flatnonzero(digits < 128)[: max(0, count)]
    firsts = np.concatenate([[0], lasts[:-1] + 1])
    sizes = lasts - firsts[: len(lasts)] + 1
    if not len(lasts) or len(lasts) < count or sizes.max() > _MAX_VARINT:
        return [], 0
    place = int(lasts[-1]) + 1
    shifts = 7 * (np.arange(place) - np.repeat(firsts, sizes))
    parts = (digits[:place] & 127).astype(np.int64) << shifts
    return np.add.reduceat(parts, firsts).tolist(), place


def _write_values(array, field, proto):
    if field in _BYTES_ON_THE_WIRE:  # 5 to 90 times faster than number by number
        number = proto.DESCRIPTOR.fields_by_name[field].number
        head = bytes([number << 3 | 2]) + _varint(array.nbytes)
        proto.MergeFromString(head + array.tobytes())
    else:
        getattr(proto, field).extend(array.ravel().tolist())


def _varint(number):
    """A length as protocol buffers write it, seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])


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
