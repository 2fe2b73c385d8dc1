"""Tests of JSON values as arrays and back."""

import json
import math

import numpy as np
import pytest

from serving.model_server.rest.values import read_array, write_array
from tfrec.protocol.status import RequestError


@pytest.mark.parametrize(
    ("value", "dtype", "expected"),
    [
        (3, "int64", np.array(3, "int64")),
        ([[1, 2], [3, 4]], "int32", np.array([[1, 2], [3, 4]], "int32")),
        ([1, 2.5, math.inf], "float32", np.array([1, 2.5, math.inf], "float32")),
        ([True, False], "bool", np.array([True, False])),
        ([[]], "float32", np.zeros((1, 0), "float32")),
        (["é", {"b64": "AP8="}], "string", np.array(["é".encode(), b"\0\xff"], object)),
    ],
)
def test_what_is_read(value, dtype, expected):
    read = read_array(value, dtype)
    assert (read.dtype, read.shape) == (expected.dtype, expected.shape)
    assert read.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("value", "dtype", "words"),
    [
        ("a", "int64", '"a" Type: String is not of expected type: int64'),
        (1.0, "int32", "1.0 Type: Number is not of expected type: int32"),
        (True, "int32", "true Type: True is not of expected type: int32"),
        (2**31, "int32", "2147483648 Type: Number is not of expected type: int32"),
        (1, "string", "1 Type: Number is not of expected type: string"),
        (None, "string", "null Type: Null is not of expected type: string"),
        ({"b64": "AA=="}, "float32", "Type: Object is not of expected type: float"),
        ({"b65": "AA=="}, "string", "not formatted correctly for base64 data"),
        ({"b64": "A"}, "string", "Unable to base64 decode"),
        ("\ud800", "string", "is not UTF-8"),
        (2**24, "float32", "16777216 to float without loss of precision"),
        (1e39, "float32", "1e\\+39 to float without loss of precision"),
        (10**400, "float64", "to double without loss of precision"),
        ([[1], [2, 3]], "int32", "unexpected size: 2 at level: 1 expected size: 1"),
        ([[1], 2], "int32", "2 found at incorrect level: 2 .* Expected at level: 2"),
        ([1, [2]], "int32", "list at unexpected level: 1 expected < 1"),
        (json.loads("[" * 40 + "]" * 40), "int32", "at most 32 dimensions"),
    ],
)
def test_what_is_refused(value, dtype, words):
    with pytest.raises(RequestError, match=f"INVALID_ARGUMENT: .*{words}"):
        read_array(value, dtype)


def test_floats_are_written_by_their_shortest_text():
    array = np.array([0.1, 1e-8, math.nan, -math.inf], "float32")
    assert json.dumps(write_array(array, False)) == "[0.1, 1e-08, NaN, -Infinity]"


def test_every_float_comes_back():
    bits = np.random.default_rng(0).integers(0, 2**32, 10_000, dtype=np.uint32)
    array = bits.view(np.float32)
    back = json.loads(json.dumps(write_array(array, False)))
    np.testing.assert_array_equal(np.array(back, "float32"), array)


def test_strings_are_text_or_base64():
    array = np.array([["é".encode(), b"\xff"]], object)
    assert write_array(array, False) == [["é", "\N{REPLACEMENT CHARACTER}"]]
    assert write_array(array, True) == [[{"b64": "w6k="}, {"b64": "/w=="}]]
