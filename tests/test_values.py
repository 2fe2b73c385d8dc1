"""Single values: what each door may be handed, and what becomes of it."""

import datetime
import math
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrec.values import (
    MAX_ID,
    read_categories,
    read_id,
    read_limit,
    read_number,
    read_text,
    read_time,
)

DAY = 1_699_920_000  # 2023-11-14: 19,675 days after 1970
ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(exclude_categories=())),
        st.binary(),
        st.datetimes(),
        st.decimals(allow_nan=True),
    ),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (np.int64(7), "7"),
        (np.float64(7), "7"),
        ("12.0", "12"),
        ("12.00", "12"),
        ("-0.0", "0"),
        ("12.5", "12.5"),
        (7.5, "7.5"),
        ("007", "007"),
        ("007.0", "007.0"),
        ("1e3", "1e3"),
        (Decimal("7.00"), "7"),
        (" a ", "a"),
        ("a\n", "a"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (None, ""),
        (pd.NA, ""),
        (math.nan, ""),
        (2**70, str(2**70)),
    ],
)
def test_an_id_is_one_string_however_it_was_written(raw, expected):
    assert read_id(raw) == expected


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (True, "must be text or a number"),
        ([1], "must be text or a number"),
        (math.inf, "must be text or a finite number"),
        (2.0**53, "has lost digits"),
        pytest.param(10**5000, "must have fewer digits", id="5000 digits"),
        ("\ud800", "half of a surrogate pair"),
        (b"\xff", "its bytes are not UTF-8"),
        ("a\nb", "must have no control characters"),
        ("a\0b", "must have no control characters"),
        ("x" * (MAX_ID + 1), "must have at most 512 characters"),
    ],
)
def test_what_is_no_id_is_refused(raw, words):
    with pytest.raises(ValueError, match=words):
        read_id(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (DAY, (DAY, 0)),
        (str(DAY), (DAY, 0)),
        (DAY + 0.25, (DAY, 250_000)),
        (f"{DAY}.25", (DAY, 250_000)),
        (-0.5, (-1, 500_000)),
        ("2023-11-14", (DAY, 0)),
        ("20231114", (DAY, 0)),
        (20231114, (DAY, 0)),
        (20231114.0, (DAY, 0)),
        ("20231114000001", (DAY + 1, 0)),
        ("20231114T000001Z", (DAY + 1, 0)),
        ("2023-11-14 00:00:01 UTC", (DAY + 1, 0)),
        ("2023-11-14 00:00:01.5 +0000 UTC", (DAY + 1, 500_000)),
        ("2023-11-14 01:00:00+01", (DAY, 0)),
        ("2023-11-14 05:30:00 +05:30", (DAY, 0)),
        (datetime.date(2023, 11, 14), (DAY, 0)),
        (pd.Timestamp("2023-11-14 09:00", tz="Asia/Tokyo"), (DAY, 0)),
        (np.datetime64("2023-11-14T00:00:00.000250"), (DAY, 250)),
        (20_000_000, (20_000_000, 0)),  # no day: seconds
        ("null", None),
        (pd.NaT, None),
    ],
)
def test_a_time_is_one_moment_however_it_was_written(raw, expected):
    assert read_time(raw) == expected


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (1e3 * DAY, "looks like milliseconds"),
        (str(1000 * DAY), "looks like milliseconds"),
        (1e30, "looks like milliseconds"),
        ("0001-01-01", "before the year 1900"),
        ("9999-12-31", "before the year 5138"),
        (math.inf, "must be UTC seconds"),
        (True, "must be UTC seconds"),
        ("yesterday", "must be UTC seconds"),
        ("2023-13-01", "must be UTC seconds"),
        ([], "must be UTC seconds"),
    ],
)
def test_what_is_no_time_is_refused(raw, words):
    with pytest.raises(ValueError, match=words):
        read_time(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("9999-12-31", 0),
        ("9999-12-31 23:59:59 UTC", 0),
        (253_402_300_799, 0),  # its last second
        (datetime.datetime(9999, 12, 31), 0),
        ("0001-01-01", 0),
        ("infinity", 0),
        ("", 0),
        (None, 0),
        (0, 0),
        ("1965-03-01", 1),
        (DAY, DAY),
    ],
)
def test_dates_that_mean_no_limit_are_none(raw, expected):
    assert read_limit(raw) == expected


@pytest.mark.parametrize("raw", [1e30, 2**63, 1000 * DAY, "5500-01-01", "soon"])
def test_what_is_no_limit_is_refused(raw):
    with pytest.raises(ValueError, match="^(must|looks)"):
        read_limit(raw)


def test_numbers():
    assert [read_number(raw) for raw in ("4.5", True, Decimal("2"), np.float32(3))] == [
        *(4.5, 1.0, 2.0, 3.0)
    ]
    assert all(math.isnan(read_number(raw)) for raw in (None, "", "NULL", math.nan))
    for raw in (math.inf, -1e39, 10**400, "4,5", "five", [], "1e999"):
        with pytest.raises(ValueError, match="^must be a (finite )?number"):
            read_number(raw)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (" a | b |a|", "a|b"),
        ('["a", "b"]', "a|b"),
        ("['a', 'b']", "a|b"),
        (np.array(["a", " b"], object), "a|b"),
        ([["a"], [["b"], None]], "a|b"),
        ("[live] music", "[live] music"),
        ([1, 2.0], "1|2"),
        (None, ""),
    ],
)
def test_categories_have_one_form(raw, expected):
    assert read_categories(raw) == expected


def test_deep_lists_of_categories_end():
    deep = ["a"]
    for _ in range(5000):
        deep = [deep]
    assert read_categories(deep) == "a"
    assert read_categories("[" * 100_000) == "[" * 100_000


@given(ANYTHING)
def test_anything_is_read_or_refused_in_words(raw):
    for read in (read_id, read_text, read_number, read_time, read_limit):
        try:
            value, words = read(raw), "must"
        except ValueError as error:
            value, words = None, str(error)
        assert words.startswith(("must", "looks"))
        if isinstance(value, str):
            value.encode()
            assert read(value) == value  # reading twice changes nothing
