"""Tests of tfrec.data.schema and of how columns are read."""

import datetime
import logging

import numpy as np
import pandas as pd
import pytest

from tfrec.data.schema import Dataset, Events, Items, Users
from tfrec.errors import DataError

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
        "1970-01-02T00:00:00.750",  # fractions are cut off
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
        ("yesterday", "is not a time .*: row 1 \\('yesterday'\\)"),
        (1.5, "is not a time"),
        (None, "`timestamp` is missing"),
        ("", "`timestamp` is missing"),
        (pd.NaT, "`timestamp` is missing"),
        (1_500_000_000_000, "looks like milliseconds; divide it by 1000"),
        ("1500000000000", "looks like milliseconds"),
        (float("inf"), "is not a time"),
    ],
)
def test_bad_times(time, message):
    with pytest.raises(DataError, match=message):
        events_of(timestamp=pd.Series([time], dtype=object))


@pytest.mark.parametrize(
    ("raw", "read"), [("007", "007"), (7, "7"), (7.0, "7"), (7.5, "7.5"), (b"x", "x")]
)
def test_ids_are_strings(raw, read):
    assert one(user_id=raw)["user_id"] == read


def test_an_id_column_with_holes_does_not_turn_into_floats():
    with pytest.raises(DataError) as info:
        events_of(item_id=[7.0, float("nan")])
    assert "1 × `item_id` is missing or empty: row 2 (nan)" in str(info.value)


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
    assert "2 × `sequence` is missing or not a whole number: row 2" in str(info.value)


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
        "  1 × `timestamp` is not a time (whole seconds, ISO 8601 or a datetime): "
        "row 1 ('x')\n"
        "  1 × `event` is missing or empty: row 1 ('')\n"
        "  2 × `value` is missing or not a finite number: row 3 (nan); row 4 ('inf')\n"
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
