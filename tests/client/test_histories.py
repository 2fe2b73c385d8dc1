"""Tests of tfrec.client.histories."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest

from tfrec.client.histories import (
    History,
    Query,
    QueryError,
    make_query,
    read_history,
)
from tfrec.client.inputs import recommend_inputs
from tfrec.client.popular import Popular

ROWS = [("b", "buy", 2.0, 20), ("a", "view", 1.0, 10)]
DICTS = [
    dict(zip(("item_id", "event", "value", "timestamp"), r, strict=True)) for r in ROWS
]


@pytest.mark.parametrize(
    "history", [ROWS, DICTS, pd.DataFrame(DICTS).assign(user_id="x")]
)
def test_every_form_gives_the_same_columns_in_order_of_time(history):
    read, order = read_history(history)
    assert read.item_ids.tolist() == ["a", "b"]
    assert read.events.tolist() == ["view", "buy"]
    assert read.values.tolist() == [1.0, 2.0]
    assert read.timestamps.tolist() == [10, 20]
    assert order.tolist() == [1, 0]


def test_what_is_left_out_has_a_default():
    read, _ = read_history(["a", ("b", "buy"), {"item_id": 7}], now=99)
    assert read.item_ids.tolist() == ["a", "b", "7"]
    assert read.events.tolist() == ["", "buy", ""]  # "" = the usual kind
    assert np.isnan(read.values).all()  # NaN = a typical value
    assert read.timestamps.tolist() == [99, 99, 99]


def test_values_are_read_as_in_every_table():
    noon = datetime.datetime(2020, 1, 1, 12, tzinfo=datetime.UTC)
    rows = [
        (" 7.0 ", None, "4.5", noon),
        {"item_id": np.int64(8), "value": None, "timestamp": "2020-01-01T12:00:00"},
        ("b", "view", np.float32(2), np.datetime64("2020-01-01T11:59:59")),
        {"item_id": "c", "timestamp": math.nan},
    ]
    query = make_query(rows, now="2020-01-02")
    assert query.now == 1_577_923_200
    assert query.history.item_ids.tolist() == ["b", "7", "8", "c"]
    assert query.history.values.tolist()[:2] == [2.0, 4.5]
    seconds = [1_577_879_999, 1_577_880_000, 1_577_880_000, 1_577_923_200]
    assert query.history.timestamps.tolist() == seconds


def test_fractions_of_a_second_order_events():
    rows = [("c", "", 1, 5.9), ("a", "", 1, 5.1), ("b", "", 1, "1970-01-01T00:00:05.5")]
    read, order = read_history(rows)
    assert read.item_ids.tolist() == ["a", "b", "c"]
    assert read.timestamps.tolist() == [5, 5, 5]
    assert order.tolist() == [1, 2, 0]


def test_an_event_with_a_text_needs_no_item():
    rows = [
        {"event": "search", "text": " quiet film", "timestamp": 20},
        ("a", "review", None, 10, "dull"),
        "b",
    ]
    query = make_query(rows, now=5)
    assert query.history.item_ids.tolist() == ["b", "a", ""]
    assert query.history.texts.tolist() == ["", "dull", " quiet film"]
    inputs = recommend_inputs([query, make_query(["c"])])
    texts = [["", "", "dull", " quiet film"], [""] * 4]
    assert inputs["history_texts"].tolist() == texts


def test_what_was_read_is_not_read_again():
    """1970-08-22 is 20200101 seconds, which a table would take for a day of 2020."""
    history = History.of([("a", "", math.nan, 20_200_101)])
    read, order = read_history(history)
    assert read.timestamps.tolist() == [20_200_101]
    assert order.tolist() == [0]
    assert len(History.of([])) == 0


def test_every_input_has_the_batch_and_begins_with_padding():
    """Servers that batch fill short rows with their first element."""
    queries = [make_query(ROWS, k=3, exclude=["x", "y"]), Query()]
    inputs = recommend_inputs(queries)
    assert all(len(array) == 2 for array in inputs.values())
    assert inputs["history_item_ids"].tolist() == [["", "a", "b"], ["", "", ""]]
    assert inputs["history_timestamps"].tolist() == [[0, 10, 20], [0, 0, 0]]
    assert inputs["exclude_item_ids"].tolist() == [["", "x", "y"], ["", "", ""]]
    assert inputs["categories"].tolist() == [[""], [""]]
    dtypes = {name: array.dtype for name, array in inputs.items()}
    assert dtypes["k"] == np.int32
    assert dtypes["now"] == dtypes["history_timestamps"] == np.int64
    assert dtypes["history_values"] == dtypes["min_probability"] == np.float32
    assert dtypes["allow_repeats"] == np.bool_


def test_boosts_begin_with_padding_and_are_sent_when_given():
    inputs = recommend_inputs([Query(), make_query(["c"], boosts={}, freshness=(0, 0))])
    assert not [name for name in inputs if name.startswith(("boost", "fresh"))]
    boosts = {"drama": 0.5, "domain:books": -1}
    inputs = recommend_inputs([make_query(boosts=boosts, freshness=(2, 48)), Query()])
    assert inputs["boost_labels"].tolist() == [["", "drama", "domain:books"], [""] * 3]
    assert inputs["boost_values"].tolist() == [[0, 0.5, -1], [0, 0, 0]]
    assert inputs["freshness_weight"].tolist() == [2, 0]
    assert inputs["freshness_half_life_hours"].tolist() == [48, 0]
    floats = ("boost_values", "freshness_weight", "freshness_half_life_hours")
    assert {inputs[name].dtype for name in floats} == {np.dtype("float32")}
    only = recommend_inputs([make_query(boosts={"a": 1})])
    assert "freshness_weight" not in only


def test_models_without_diversity_are_not_asked_for_it():
    told = recommend_inputs([Query(), make_query(["c"])])
    assert not {"diversity", "history_texts"} & told.keys()
    inputs = recommend_inputs([make_query(diversity=0.5), Query()])
    assert inputs["diversity"].tolist() == [0.5, 0.0]
    assert inputs["diversity"].dtype == np.float32


def test_live_counts_are_sent_where_there_are_any():
    inputs = recommend_inputs([make_query(popular={"a": 9, 7: (4, 2.5)}), Query()])
    assert inputs["popular_item_ids"].tolist() == [["", "a", "7"], [""] * 3]
    assert inputs["popular_counts"].tolist() == [[0, 9, 4], [0] * 3]
    assert inputs["popular_recent_counts"].tolist() == [[0, 0, 2.5], [0] * 3]
    assert inputs["popular_total"].tolist() == [0, 0]
    dtypes = {each.dtype for name, each in inputs.items() if "popular" in name}
    assert dtypes == {np.dtype(object), np.dtype("float32")}
    popular = Popular.of({"a": 1}, total=50)
    assert Popular.of(popular) is popular
    assert recommend_inputs([make_query(popular=popular)])["popular_total"] == [50]
    assert not any("popular" in name for name in recommend_inputs([Query()]))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"k": 0}, "`k` must be from 1 to 2^31 - 1. Received: 0."),
        ({"k": 2**31}, "`k` must be from 1 to 2^31 - 1. Received: 2147483648."),
        ({"now": 2**63}, "`now` looks like milliseconds"),
        ({"boosts": ["drama"]}, "`boosts` must be a dict of labels and numbers"),
        ({"boosts": {"": 1}}, "`boosts` must name a label for each number"),
        ({"boosts": {"a": "much"}}, "`boosts` must be numbers"),
        ({"boosts": {"a": math.nan}}, "`boosts` must be finite. Received: NaN."),
        ({"boosts": {"a": -10_001}}, "from -10000 to 10000, in units of the score"),
        ({"freshness": 1.0}, "`freshness` must be a pair (weight, half_life_hours)"),
        ({"freshness": (1, 0)}, "must be positive, because after it half of the"),
        ({"freshness": (1, math.nan)}, "`freshness` must be finite"),
        ({"freshness": (math.inf, 1)}, "`freshness` must be a finite number of 32"),
        ({"diversity": 1.5}, "`diversity` must be from 0 to 1. Received: 1.5."),
        ({"diversity": math.nan}, "`diversity` must be from 0 to 1. Received: nan."),
        ({"min_probability": math.nan}, "`min_probability` must be from 0 to 1."),
        ({"history": [("a", "", 1e39)]}, "`value` must be a finite number of 32 bits"),
        ({"history": [("a", "", -math.inf)]}, "32 bits. Received: -inf."),
        ({"history": [("a", "view", 1, 2**63)]}, "looks like milliseconds"),
        ({"exclude": "abc"}, "`exclude` must be a list of strings"),
        ({"popular": ["a"]}, "`popular` must be a mapping of item ids to counts"),
        ({"popular": None}, "must be a mapping of item ids to counts, because"),
        ({"popular": {"a": -1}}, "counts of at least 0, because they are numbers"),
        ({"popular": {"a": math.nan}}, "`popular` must be finite. Received: NaN."),
        ({"popular": {"a": "many"}}, "`popular` must be numbers"),
        ({"popular": {"a": (1, 2, 3)}}, "`popular` must be numbers"),
        ({"popular": {"": 1}}, "`popular` must not be empty"),
        ({"history": "abc"}, "`history` must be a list of events"),
        ({"history": [{"event": "view"}]}, "Event 1: `item_id` must not be empty"),
        ({"history": [("a", "view", 1, 2, "", 3)]}, "Event 1: must be an item id, a "),
        ({"history": [("", "search", 1, 2, " ")]}, "Event 1: `item_id` must not be"),
        (
            {"history": ["a", ("\ud800", "view", "x", "noon"), "\n"]},
            "2 of 3 events of a history are wrong. Event 2: `item_id` must be Unicode; "
            "it has half of a surrogate pair. Received: '\\ud800'. `value` must be a "
            "number or absent. Received: 'x'. `timestamp` must be UTC seconds, ISO "
            "8601 or a datetime. Received: 'noon'. Event 3: `item_id` must not be",
        ),
        ({"history": [("a", "", 1, 1.7e12)]}, "`timestamp` looks like milliseconds"),
        (
            {"now": 1_700_000_000_000},
            "`now` looks like milliseconds; divide it by 1000",
        ),
        ({"now": "soon"}, "`now` must be UTC seconds, ISO 8601 or a datetime"),
    ],
)
def test_errors_say_what_is_wrong(request_, words):
    with pytest.raises(QueryError) as caught:
        make_query(**request_)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"query_text": "\ud800"}, "`query_text` must be Unicode"),
        ({"user_text": ["x"]}, "`user_text` must be text"),
        ({"exclude": ["a", ""]}, "`exclude` must"),
        ({"categories": [{}]}, "`categories` must be text"),
    ],
)
def test_wishes_follow_the_rules_of_every_door(wish, words):
    with pytest.raises(QueryError, match=words):
        make_query(**wish)
    assert make_query(exclude=[7, "8.0"]).exclude == ["7", "8"]
