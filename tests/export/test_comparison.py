"""Tests of `compare` in tfrec.export.verification."""

import numpy as np
import pytest

from tfrec.export.verification import compare


def ranking(scores, ids, dtype=np.float32):
    return {
        "scores": np.array([scores], dtype),
        "item_ids": np.array([ids], object),
    }


def test_rounding_nan_and_infinity_are_equal():
    expected = {"y": np.array([1.0, np.nan, np.inf, 0.0], np.float32)}
    found = {"y": np.array([1.00001, np.nan, np.inf, 1e-6], np.float32)}
    assert compare(expected, found) == []


@pytest.mark.parametrize("value", [1.0001, np.nan, np.inf])
def test_the_worst_float_is_shown(value):
    expected = {"y": np.array([[1.0, 1.0, 1.0]])}
    found = {"y": np.array([[1.00003, value, 1.0]])}
    assert compare(expected, found) == [
        f"output `y`: 2 of 3 values differ, the worst is {value} instead of 1.0."
    ]


def test_strings_and_integers_are_equal_or_not():
    expected = {"ids": np.array([b"a", b"b"], object), "rows": np.array([100000])}
    found = {"ids": np.array([b"a", b"c"], object), "rows": np.array([100001])}
    assert compare(expected, found) == [
        "output `ids`: 1 of 2 values differ, the first is b'c' instead of b'b'.",
        "output `rows`: 1 of 1 values differ, the first is 100001 instead of 100000.",
    ]


def test_kinds_and_names_must_be_the_same():
    one = np.zeros([2], np.float32)
    assert compare({"x": one, "y": one}, {"y": one[:1], "z": one}) == [
        "output `x`: only the model in memory has it.",
        "output `y`: expected float32 [2], found float32 [1].",
        "output `z`: only the saved model has it.",
    ]
    assert compare({"y": one}, {"y": one.astype(float)}) == [
        "output `y`: expected float32 [2], found float64 [2]."
    ]


def test_close_scores_may_swap():
    """Two that tie may change places, and the last may be one that tied with it."""
    expected = ranking([3, 2, 2, 1, -np.inf], [b"a", b"b", b"c", b"d", b""])
    found = ranking([3, 2, 2, 1, -np.inf], [b"a", b"c", b"b", b"e", b""])
    assert compare(expected, found) == []


@pytest.mark.parametrize("ids", [[b"x", b"b", b"c", b""], [b"a", b"b", b"c", b"x"]])
def test_other_places_may_not(ids):
    """Neither the first, far ahead, nor the padding."""
    expected = ranking([3, 2, 2, -np.inf], [b"a", b"b", b"c", b""])
    (problem,) = compare(expected, ranking([3, 2, 2, -np.inf], ids))
    assert "1 of 4 values differ, the first is b'x'" in problem
