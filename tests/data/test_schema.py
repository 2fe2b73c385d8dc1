"""Tests of tfrec.data.schema and of how columns are read."""

import datetime
import logging
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrec.data.columns import (
    parse_limit,
    parse_number,
    parse_optional_id,
    parse_text,
    parse_time,
)
from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.errors import DataError
from tfrec.values import Moment, read_id, read_limit, read_number, read_text, read_time

BERLIN = datetime.timezone(datetime.timedelta(hours=1))


def events_of(**columns):
    return Events(
        pd.DataFrame({"user_id": "u", "item_id": "i", "timestamp": 1} | columns)
    )


def one(**columns):
    return events_of(**{name: [value] for name, value in columns.items()}).frame.iloc[0]


@pytest.mark.parametrize(
    "time",
    [
        86400,
        86400.0,
        np.int32(86400),
        "86400",
        "1970-01-02",
        "1970-01-02T00:00:00Z",
        "1970-01-02 01:00:00+01:00",
        "1970-01-02T00:00:00.750",  # fractions give the sequence
        "19700102",
        19700102,
        86400.5,
        "1970-01-02 00:00:00 UTC",
        datetime.datetime(1970, 1, 2),
        datetime.datetime(1970, 1, 2, 1, tzinfo=BERLIN),
        pd.Timestamp("1970-01-02 01:00", tz="Europe/Berlin"),
        datetime.date(1970, 1, 2),
    ],
    ids=repr,
)
@pytest.mark.parametrize("dtype", [object, None])
def test_times(time, dtype):
    column = pd.Series([time], dtype=dtype)
    assert events_of(timestamp=column).frame["timestamp"].tolist() == [86400]


def test_times_before_1970_and_mixed_forms():
    mixed = [-5, "1969-12-31T23:59:55Z", -5.0, "-5"]
    assert events_of(timestamp=mixed).frame["timestamp"].tolist() == [-5] * 4


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("yesterday", "must be UTC seconds, .*: row 1 \\('yesterday'\\)"),
        (True, "must be UTC seconds"),
        ("0001-01-01", "must not be before the year 1900"),
        ("9999-12-31", "must be before the year 5138"),
        (None, "`timestamp` is missing"),
        ("", "`timestamp` is missing"),
        (pd.NaT, "`timestamp` is missing"),
        (1_500_000_000_000, "looks like milliseconds; divide it by 1000"),
        ("1500000000000", "looks like milliseconds"),
        (float("inf"), "must be UTC seconds"),
    ],
)
def test_bad_times(time, message):
    """Beside a good one: without any time, a log is read as one without times."""
    with pytest.raises(DataError, match=message):
        events_of(timestamp=pd.Series([time, 5], dtype=object))


@pytest.mark.parametrize(
    ("raw", "read"), [("007", "007"), (7, "7"), (7.0, "7"), (7.5, "7.5"), (b"x", "x")]
)
def test_ids_are_strings(raw, read):
    assert one(user_id=raw)["user_id"] == read


def test_an_id_column_with_holes_does_not_turn_into_floats():
    with pytest.raises(DataError) as info:
        events_of(item_id=[7.0, float("nan")])
    assert "1 × `item_id` is missing or empty: row 2 (nan)" in str(info.value)


def test_a_text_may_stand_without_an_item():
    events = events_of(item_id=["a", "", None], text=["", "quiet sea", "海"])
    assert events.frame["item_id"].tolist() == ["a", "", ""]
    assert events.with_items().frame["item_id"].tolist() == ["a"]
    assert len(events_of(item_id=["a"]).with_items()) == 1
    users, items = (
        Users(pd.DataFrame({"user_id": []})),
        Items(pd.DataFrame({"item_id": []})),
    )
    assert Dataset("shop", events, items, users).items.frame["item_id"].tolist() == [
        "a"
    ]
    with pytest.raises(DataError, match="`item_id` is missing or empty: row 2"):
        events_of(item_id=["", None, "a"], text=["quiet", " ", ""])
    with pytest.raises(DataError, match="must have events with an item.* 2 events"):
        events_of(item_id=["", ""], text=["quiet", "sea"]).with_items()


def test_defaults_and_types():
    frame = events_of(event_id=["e"], text=[None], color=["red"]).frame
    assert frame.iloc[0].to_dict() == {
        "user_id": "u",
        "item_id": "i",
        "timestamp": 1,
        "event": "view",
        "value": 1.0,
        "sequence": 0,
        "event_id": "e",
        "text": "",
    }
    types = frame.dtypes.astype(str).to_dict()
    assert (types["value"], types["sequence"]) == ("float32", "int64")
    assert {types[name] for name in ("user_id", "item_id", "event", "text")} == {
        "object"
    }


def test_a_big_sequence_is_exact():
    big = 2**62 + 1  # no 64-bit float holds it
    assert events_of(sequence=[str(big)]).frame["sequence"].tolist() == [big]
    with pytest.raises(DataError) as info:
        events_of(sequence=[big, None, 2.5])
    assert "1 × `sequence` is no whole number: row 3 (2.5)" in str(info.value)


def test_all_problems_come_at_once():
    with pytest.raises(DataError) as info:
        events_of(
            user_id=["", None, "  ", "", "u"],
            timestamp=["x", 1, 1, 1, 1],
            value=[1, 2, float("nan"), "inf", "5"],
            event=["", "a", "b", "c", "d"],
        )
    assert str(info.value) == (
        "Events: 4 bad rows.\n"
        "  4 × `user_id` is missing or empty: "
        "row 1 (''); row 2 (nan); row 3 ('  ')\n"
        "  1 × `timestamp` must be UTC seconds, ISO 8601 or a datetime: row 1 ('x')\n"
        "  1 × `value` must be a number or absent: row 4 ('inf')\n"
        "Mend or remove these rows."
    )


def test_a_missing_column_has_a_near_miss():
    with pytest.raises(DataError) as info:
        Events(pd.DataFrame({"userid": ["u"], "item_id": ["i"], "timestamp": [1]}))
    assert str(info.value) == (
        "Events must have a column `user_id`. Did you mean `userid`? "
        "Columns found: userid, item_id, timestamp. "
        'Map it with `data.columns = { user_id = "userid" }` in a '
        "training's configuration, or rename it in the file."
    )


def test_an_empty_log_is_refused():
    with pytest.raises(DataError, match="must have at least one event"):
        Events(pd.DataFrame({"user_id": [], "item_id": [], "timestamp": []}))


def test_an_id_may_not_come_twice():
    with pytest.raises(DataError, match="`item_id` comes more than once: row 3"):
        Items(pd.DataFrame({"item_id": ["a", "b", "a"]}))
    with pytest.raises(DataError, match="`user_id` comes more than once: row 2"):
        Users(pd.DataFrame({"user_id": [1, "1"]}))


@pytest.mark.parametrize(
    ("title", "text", "category", "joined"),
    [
        (
            "Toy Story",
            "1995. Comedy, War",
            "Comedy|War",
            "Toy Story. 1995. Comedy, War",
        ),
        ("A film", "It ends. ", "Drama", "A film. It ends. Drama"),
        ("Tea", "Tea", "", "Tea"),
        ("", "", "Food|Tea", "Food, Tea"),
        ("", "", "", ""),
    ],
)
def test_texts_join_what_says_something_new(title, text, category, joined):
    frame = {"item_id": ["x"], "title": [title], "text": [text], "category": [category]}
    assert Items(pd.DataFrame(frame)).texts.tolist() == [joined]


def test_availability_may_be_a_date_or_nothing():
    frame = {"item_id": ["a", "b"], "available_until": ["1970-01-02", None]}
    items = Items(pd.DataFrame(frame)).frame
    assert items["available_until"].tolist() == [86400, 0]
    assert items["available_from"].tolist() == [0, 0]


def test_users_keep_their_groups():
    frame = Users(pd.DataFrame({"age": [30, 40], "user_id": [1, 2]})).frame
    assert frame.to_dict("list") == {
        "user_id": ["1", "2"],
        "text": ["", ""],
        "age": [30, 40],
    }


def test_unknown_items_join_the_catalogue(caplog):
    items = Items(pd.DataFrame({"item_id": ["z"], "title": ["Zen"]}))
    users = Users(pd.DataFrame({"user_id": []}))
    with caplog.at_level(logging.WARNING):
        dataset = Dataset("shop", events_of(item_id=["b", "z", "a", "b"]), items, users)
    assert dataset.items.frame["item_id"].tolist() == ["z", "a", "b"]
    assert dataset.items.frame["title"].tolist() == ["Zen", "", ""]
    assert (
        "shop: 2 items of the log are not in the catalogue (first: a, b)" in caplog.text
    )


def test_the_frame_given_is_left_alone():
    raw = pd.DataFrame({"user_id": [1], "item_id": [2], "timestamp": ["1970-01-02"]})
    copy = raw.copy(deep=True)
    Events(raw)
    pd.testing.assert_frame_equal(raw, copy)


def test_events_of_one_second_keep_their_order():
    times = [f"2024-03-01T10:00:30.{tenth}Z" for tenth in (2, 0, 1)]
    frame = events_of(timestamp=times, item_id=list("cab"), user_id=["u"] * 3).frame
    assert frame["timestamp"].nunique() == 1
    assert frame["sequence"].argsort().tolist() == [1, 2, 0]


def test_a_sequence_orders_within_a_fraction_of_a_second():
    frame = events_of(timestamp=[1.5, 1.25, 1.5, 1], sequence=[1, 9, 0, 7]).frame
    assert frame["sequence"].argsort().tolist() == [3, 1, 2, 0]


def test_seconds_that_look_like_days_are_seconds_where_others_do_not():
    frame = events_of(timestamp=[19700102, 19700199]).frame
    assert frame["timestamp"].tolist() == [19700102, 19700199]


def test_a_missing_value_is_a_typical_one():
    frame = events_of(value=[5, None, "", "null"]).frame
    assert frame["value"].isna().tolist() == [False, True, True, True]
    assert events_of(value=[None, None]).frame["value"].tolist() == [1, 1]


def test_a_missing_kind_is_a_view():
    assert events_of(event=["buy", None, ""]).frame["event"].tolist() == [
        *("buy", "view", "view")
    ]


def test_lists_and_dicts_in_cells_are_told():
    with pytest.raises(DataError) as info:
        events_of(user_id=[{"id": 1}, ["u"], "u"], item_id=["a", "b", "c"])
    assert "2 × `user_id` must be text or a number: row 1 ({'id': 1})" in str(
        info.value
    )


NUMBERS = st.one_of(st.none(), st.integers(-(2**70), 2**70), st.floats())
TEXTS = st.text() | st.sampled_from(
    ["", " 7.0", "nan", "inf", "2023-11-14T01:02:03.5Z", "1_0", "0x1", "1e3", " 5 "]
)
ODD = st.datetimes() | st.sampled_from([True, b"x", pd.NaT, pd.NA, 1e11, 1.5])
CELLS = st.lists(NUMBERS, min_size=1) | st.lists(TEXTS, min_size=1)
CELLS |= st.lists(NUMBERS | TEXTS | ODD, min_size=1)


@pytest.mark.parametrize(
    ("parse", "read", "missing"),
    [
        (parse_number, read_number, math.nan),
        (parse_time, read_time, None),
        (parse_limit, read_limit, 0),
        (parse_optional_id, read_id, ""),
        (parse_text, read_text, ""),
    ],
)
@given(cells=CELLS)
def test_a_column_says_what_its_cells_say(parse, read, missing, cells):
    column = pd.Series(cells, dtype=object)
    values, broken = parse(column, "x")
    is_broken = np.logical_or.reduce([np.zeros(len(column), bool), *broken.values()])
    if parse is parse_time:
        moments = zip(values["x"], values["microseconds"], strict=True)
        values = [Moment(*map(int, each)) for each in moments]
    for cell, value, is_refused in zip(column, values, is_broken, strict=True):
        try:
            expected, was_refused = read(cell), False
        except ValueError:
            expected, was_refused = missing, True
        if parse is parse_time and expected is None:
            assert is_refused  # a time must be there
            continue
        assert is_refused == was_refused
        if not was_refused:
            same = np.float32(expected) if parse is parse_number else expected
            assert value == same or (value != value and same != same)
