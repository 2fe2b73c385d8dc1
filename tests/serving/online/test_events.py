"""Tests of serving.user_states.events."""

import re

import pytest

from serving.user_states.events import Event, EventError, read_event, read_events

GOOD = {"user_id": "ann", "item_id": "a", "timestamp": 10}


def test_what_is_absent_has_its_usual_value():
    event = read_event(GOOD)
    assert (event.event, event.value, event.sequence, event.event_id) == (
        "",
        None,
        0,
        "",
    )
    nothing = {"event": None, "value": None, "sequence": None, "event_id": None}
    assert read_event(GOOD | nothing | {"more": 1}) == event


@pytest.mark.parametrize(
    ("field", "raw", "read"),
    [
        ("user_id", 7, "7"),
        ("item_id", 7.0, "7"),
        ("item_id", "007", "007"),
        ("timestamp", "881250949", 881250949),
        ("timestamp", "1970-01-01T00:01:00Z", 60),
        ("timestamp", "1970-01-01T01:01:00.9+01:00", 60),
        ("timestamp", -5, -5),
        ("timestamp", 0.5, 0),
        ("timestamp", "20231114", 1_699_920_000),
        ("user_id", " ann\n", "ann"),
        ("event", None, ""),
        ("event_id", 7, "7"),
        ("value", 3, 3.0),
        ("value", "3", 3.0),
        ("value", "", None),
        ("value", float("nan"), None),
        ("sequence", 2.0, 2),
        ("sequence", 1e17, 10**17),
        ("sequence", "-2", -2),
    ],
)
def test_fields_are_read_as_in_tables(field, raw, read):
    assert getattr(read_event(GOOD | {field: raw}), field) == read


@pytest.mark.parametrize(
    ("field", "raw", "words"),
    [
        ("user_id", " ", "`user_id` must not be empty"),
        ("item_id", ["a"], "`item_id` must be text or a number. Received: ['a']."),
        ("item_id", "a\0b", "`item_id` must have no control characters"),
        ("event", "a\nb", "`event` must have no control characters"),
        ("event_id", "a\u2028b", "`event_id` must have no control characters"),
        ("item_id", "a" * 513, "`item_id` must have at most 512 characters"),
        ("timestamp", 881250949000, "looks like milliseconds; divide it by 1000"),
        ("timestamp", None, "must be UTC seconds, ISO 8601 or a datetime."),
        ("timestamp", True, "must be UTC seconds, ISO 8601 or a datetime"),
        ("timestamp", "tomorrow", "`timestamp` must be UTC seconds, ISO 8601"),
        ("value", "many", "`value` must be a number or absent. Received: 'many'."),
        ("value", float("inf"), "must be a finite number of 32 bits"),
        ("value", 1e39, "must be a finite number of 32 bits"),
        ("sequence", 2**63, "must be a whole number of 64 bits"),
        ("sequence", 0.5, "must be a whole number of 64 bits"),
        ("sequence", True, "must be a whole number of 64 bits"),
        ("sequence", "1e999999999", "must be a whole number of 64 bits"),
        ("sequence", [], "must be a whole number of 64 bits"),
    ],
)
def test_errors_name_the_field_and_the_rule(field, raw, words):
    with pytest.raises(EventError, match=re.escape(words)):
        read_event(GOOD | {field: raw})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"{", "must be JSON in UTF-8"),
        (b"\xff\xfe", "must be JSON in UTF-8"),
        ("[" * 100_000, "must be JSON in UTF-8"),
        (
            '{"user_id": "\\ud800", "item_id": "a", "timestamp": 1}',
            "`user_id` must be Unicode",
        ),
        ("[1]", r"must be a JSON object. Received: \[1\]"),
        ("{}", "`user_id` must be given. `item_id` must be given. `timestamp` must"),
    ],
)
def test_texts_that_are_no_event(text, words):
    with pytest.raises(EventError, match=words):
        read_event(text)


@pytest.mark.parametrize("sequence", [{}, {"sequence": None}])
def test_fractions_of_a_second_are_the_order_within_it(sequence):
    """Nine events of one second, as a log with milliseconds has them."""
    times = [f"2023-11-14T22:13:20.{n}Z" for n in range(1, 10)]
    events = [read_event(GOOD | sequence | {"timestamp": time}) for time in times]
    assert {event.timestamp for event in events} == {1_700_000_000}
    assert [event.sequence for event in events] == list(range(100_000, 10**6, 100_000))
    assert len({event.key() for event in events}) == 9


def test_a_sequence_that_is_given_counts():
    event = read_event(GOOD | {"timestamp": 10.25, "sequence": 3})
    assert (event.timestamp, event.sequence) == (10, 3)
    assert read_event(GOOD | {"timestamp": 10.25}).sequence == 250_000


def test_a_time_is_read_once():
    """1970-08-22 is 20200101 seconds, which a table would take for a day of 2020."""
    event = read_event(GOOD | {"timestamp": "1970-08-22T19:08:21Z"})
    assert event.timestamp == 20_200_101


def test_all_problems_of_a_list_at_once():
    with pytest.raises(EventError) as caught:
        read_events([{}, GOOD, 1, {}, {}])
    assert "4 of 5 events are wrong, and none was applied. Event 1: " in str(
        caught.value
    )
    assert "Event 3: An event must be a JSON object" in str(caught.value)
    assert "Event 4" in str(caught.value)
    assert "Event 5" not in str(caught.value)


def test_one_event_or_many():
    assert read_events(GOOD) == read_events([GOOD]) == [Event(**GOOD)]


def test_keys_tell_events_apart():
    same = [GOOD, GOOD | {"value": 3}, GOOD | {"user_id": "bob"}]
    assert len({read_event(each).key() for each in same}) == 1
    others = [{"item_id": "b"}, {"event": "buy"}, {"timestamp": 11}, {"sequence": 1}]
    named = [{"event_id": "1"}, {"event_id": "2"}]
    keys = {read_event(GOOD | each).key() for each in [{}, *others, *named]}
    assert len(keys) == 7
    assert read_event(GOOD | {"event_id": "1", "timestamp": 99}).key() in keys
