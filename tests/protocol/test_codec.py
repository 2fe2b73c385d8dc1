"""Tests of tfrec.protocol.codec, against TensorFlow's own conversions."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from tfrec.protocol.codec import CodecError, read_tensor, write_tensor

ARRAYS = [
    np.array([[1.5, -0.0], [np.inf, 2.0]], "float32"),
    np.array([1.5], "float64"),
    np.array([], "float32").reshape(0, 3),
    np.array(7, "int32"),
    np.array([-1, 2**62], "int64"),
    np.array([[True], [False]]),
    np.array([255], "uint8"),
    np.array([[b"a", b""], ["é".encode(), b"\x00\xff\x00"]], object),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{list(a.shape)}")
def test_what_we_write_tensorflow_reads(array):
    proto = tensor_pb2.TensorProto()
    write_tensor(array, proto)
    read = tf.make_ndarray(proto)
    assert read.shape == array.shape
    np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize(
    ("array", "field"),
    [
        (np.array([[1.5, -np.inf], [0.1, 2.0]], "float32"), "float_val"),
        (np.array([0.1] * 1000), "double_val"),
        (np.array([-1, 7], "int32"), "int_val"),
        (np.array([255], "uint8"), "int_val"),
        (np.array([-1, 2**62], "int64"), "int64_val"),
        (np.array([[True], [False]]), "bool_val"),
        (np.array([b"a", b"\x00"], object), "string_val"),
    ],
)
def test_values_one_by_one_are_in_the_field_of_their_type(array, field):
    proto = tensor_pb2.TensorProto()
    write_tensor(array, proto, as_content=False)
    assert not proto.tensor_content
    assert list(getattr(proto, field)) == array.ravel().tolist()
    for read in (read_tensor(proto), tf.make_ndarray(proto)):
        assert (read.shape, read.dtype) == (array.shape, array.dtype)
        np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{list(a.shape)}")
def test_what_tensorflow_writes_we_read(array):
    read = read_tensor(tf.make_tensor_proto(array))
    assert (read.shape, read.dtype) == (array.shape, array.dtype)
    np.testing.assert_array_equal(read, array)


def test_values_one_by_one_and_the_last_one_repeated():
    """Servers may answer with typed fields, and TensorFlow shortens them."""
    proto = tensor_pb2.TensorProto(dtype=1, float_val=[1.0, 2.0])
    proto.tensor_shape.dim.add(size=4)
    np.testing.assert_array_equal(read_tensor(proto), [1.0, 2.0, 2.0, 2.0])


def packed(strings, shape):
    """Strings as tensorflow_model_server packs them: lengths, seven bits a byte."""
    proto = tensor_pb2.TensorProto(dtype=7)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    lengths = [
        bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])
        for n in map(len, strings)
    ]
    proto.tensor_content = b"".join([*lengths, *strings])
    return proto


@pytest.mark.parametrize("strings", [[b"a", b"", "é".encode(), b"x" * 300], [b""] * 4])
def test_packed_strings_are_read_as_tensorflow_reads_them(strings):
    proto = packed(strings, [2, 2])
    expected = tf.io.parse_tensor(proto.SerializeToString(), tf.string).numpy()
    assert read_tensor(proto).tolist() == expected.tolist()
    assert expected.ravel().tolist() == strings


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (b"\x01", 1),  # a letter is missing
        (b"\x01ab", 1),  # one is too many
        (b"\x00", 2),
        (b"\x00", 0),
        (b"\x00", -1),
        (b"\x00", 2**62),
        (b"\xff" * 100, 1),  # a length that never ends
    ],
)
def test_packed_strings_that_do_not_fill_the_shape(content, size):
    proto = tensor_pb2.TensorProto(dtype=7, tensor_content=content)
    proto.tensor_shape.dim.add(size=size)
    with pytest.raises(CodecError, match=r"bytes do not fill string \["):
        read_tensor(proto)


def test_text_is_written_as_utf8():
    proto = tensor_pb2.TensorProto()
    write_tensor(np.array(["café"]), proto)
    assert list(proto.string_val) == ["café".encode()]


def test_proto_that_contradicts_itself():
    proto = tensor_pb2.TensorProto(dtype=1, tensor_content=b"\0" * 8)
    proto.tensor_shape.dim.add(size=3)
    with pytest.raises(CodecError, match=r"8 bytes do not fill float32 \[3\]"):
        read_tensor(proto)


@pytest.mark.parametrize(
    ("values", "size"), [([], 1), ([1.0, 2.0], 1), ([1.0], 1 << 40)]
)
def test_values_that_do_not_fill_the_shape(values, size):
    """The last one would be four terabytes."""
    proto = tensor_pb2.TensorProto(dtype=1, float_val=values)
    proto.tensor_shape.dim.add(size=size)
    with pytest.raises(CodecError, match="values do not fill shape"):
        read_tensor(proto)


@pytest.mark.parametrize("shape", [[0, 1 << 62], [1] * 100])
def test_shapes_that_no_array_has(shape):
    proto = tensor_pb2.TensorProto(dtype=1, float_val=[1.0] * (0 not in shape))
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    with pytest.raises(CodecError, match="its shape is not supported"):
        read_tensor(proto)


def test_a_long_text_does_not_go_on_for_ever():
    """A megabyte, a thousand times."""
    proto = tensor_pb2.TensorProto(dtype=7, string_val=[b"x" * 1_000_000])
    proto.tensor_shape.dim.add(size=1000)
    with pytest.raises(CodecError, match="1 values do not fill shape"):
        read_tensor(proto)


def test_negative_size():
    proto = tensor_pb2.TensorProto(dtype=1)
    proto.tensor_shape.dim.add(size=-1)
    with pytest.raises(CodecError, match=r"do not fill shape \[-1\]"):
        read_tensor(proto)


def test_unsupported_dtype():
    with pytest.raises(CodecError, match="type 8 is not supported"):
        read_tensor(tensor_pb2.TensorProto(dtype=8))
    with pytest.raises(CodecError, match="complex64 is not supported"):
        write_tensor(np.array([1j], "complex64"), tensor_pb2.TensorProto())
