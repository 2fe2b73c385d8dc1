"""Tests of what a request may ask."""

import numpy as np
import pytest

from tfrec.protocol.checking import check_call, check_size
from tfrec.protocol.signature import Signature, TensorSpec
from tfrec.protocol.status import RequestError

TEXT = TensorSpec("string", (-1,))
RECOMMEND = Signature(
    {"user_text": TEXT, "k": TensorSpec("int32", (-1,))},
    {},
    {"k": np.array([10], "int32")},
)
WEIGHTS, SCORES = TensorSpec("float32", (-1, -1, -1)), TensorSpec("float32", (-1, -1))
EXPLAIN = Signature({"user_text": TEXT}, {"history_weights": WEIGHTS}, {})
JUDGE = Signature({"user_text": TEXT}, {"probabilities": SCORES}, {})


def request(rows, **widths):
    """Texts `[rows]` and ids `[rows, width]`."""
    ids = {f"{n}_item_ids": np.full((rows, w), "", object) for n, w in widths.items()}
    return {"user_text": np.full(rows, "", object), **ids}


@pytest.mark.parametrize(
    ("signature", "inputs"),
    [
        (RECOMMEND, request(4096)),
        (RECOMMEND, request(104) | {"k": np.array([10_000], "int32")}),  # 1,040,000
        (EXPLAIN, request(1, candidate=1024, history=1024)),  # 2^20
        (
            JUDGE,
            request(64, candidate=16_384, history=500),
        ),  # 2^20, whatever the history
    ],
)
def test_what_is_large_and_allowed(signature, inputs):
    check_size(signature, inputs)


@pytest.mark.parametrize(
    ("signature", "inputs", "words"),
    [
        (
            RECOMMEND,
            request(4097),
            "The rows of a request must be at most 4096, .* 4097",
        ),
        (
            RECOMMEND,
            request(105) | {"k": np.array([1, 10_000], "int32")},
            "The places of an answer must be at most 1048576, .* 1050000",
        ),
        (
            EXPLAIN,
            request(1, candidate=1024, history=1025),
            "The places of an answer must be at most 1048576, .* 1049600",
        ),
        (
            JUDGE,
            request(64, candidate=16_385),
            "The places of an answer must be at most 1048576, .* 1048640",
        ),
        (
            EXPLAIN,
            request(4096, history=1025),
            "The elements of an input must be at most 4194304, .* 4198400",
        ),
    ],
)
def test_what_would_fill_the_memory(signature, inputs, words):
    with pytest.raises(RequestError, match=f"INVALID_ARGUMENT: {words}"):
        check_size(signature, inputs)


TIMES = Signature(
    {
        "now": TensorSpec("int64", (-1,)),
        "history_timestamps": TensorSpec("int64", (-1, -1)),
        "reward": TensorSpec("int64", (-1,)),
    },
    {},
    {},
)


def times(now=0, timestamps=(0,), reward=0):
    columns = {"now": [now], "history_timestamps": [[*timestamps]], "reward": [reward]}
    return {name: np.array(column) for name, column in columns.items()}


def test_seconds_are_taken():
    inputs = times(10**11, [-(10**11), 1_700_000_000], reward=10**15)
    assert check_call(TIMES, inputs, ()) == 1


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (times(10**11 + 1), "`now` looks like milliseconds; divide it by 1000"),
        (times(-(2**63)), "`now` looks like .* Received: -9223372036854775808"),
        (
            times(1, [5, 1_700_000_000_000]),
            "`history_timestamps` looks like .* Received: 1700000000000[.]",
        ),
    ],
)
def test_milliseconds_are_refused(inputs, words):
    with pytest.raises(RequestError, match=f"INVALID_ARGUMENT: {words}"):
        check_call(TIMES, inputs, ())
