"""Tests of serving.online.events."""

import re

import pytest

from serving.online.events import Event, EventError, read_event, read_events

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
        ("value", 3, 3.0),
        ("value", float("nan"), None),
        ("sequence", 2.0, 2),
    ],
)
def test_fields_are_read_as_in_tables(field, raw, read):
    assert getattr(read_event(GOOD | {field: raw}), field) == read


@pytest.mark.parametrize(
    ("field", "raw", "words"),
    [
        ("user_id", " ", "`user_id` must not be empty. Received: ' '."),
        ("item_id", ["a"], "`item_id` must be a string. Received: ['a']."),
        ("item_id", "a\0b", "at most 512 characters and no NUL"),
        ("item_id", "a" * 513, "at most 512 characters and no NUL"),
        ("timestamp", 881250949000, "looks like milliseconds; divide it by 1000"),
        ("timestamp", 0.5, "`timestamp` must be whole UTC seconds or ISO 8601."),
        ("timestamp", None, "must be whole UTC seconds or ISO 8601. Received: None."),
        ("timestamp", True, "must be whole UTC seconds or ISO 8601"),
        ("timestamp", "tomorrow", "must be whole UTC seconds or ISO 8601"),
        ("value", "3", "`value` must be a number or absent. Received: '3'."),
        ("value", float("inf"), "must be a finite number of 32 bits"),
        ("value", 1e39, "must be a finite number of 32 bits"),
        ("sequence", 2**63, "must be a whole number of 64 bits"),
        ("sequence", 0.5, "must be a whole number of 64 bits"),
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
