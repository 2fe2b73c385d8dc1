"""Tests of tfrec.data.item_changes."""

import re

import pytest

from tfrec.data.item_changes import ItemChange
from tfrec.errors import DataError


def test_fields_are_read_as_in_tables():
    change = ItemChange(
        item_id=" 7.0 ",
        title=None,
        text=b"Caf\xc3\xa9",
        category=["war", " drama ", "war"],
        available_from="1970-01-02",
        available_until="9999-12-31",
        time=5,
    )
    assert change == ItemChange(
        item_id="7", text="Café", category="war|drama", available_from=86_400, time=5.0
    )
    assert change.texts == ("", "Café", "war|drama")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"item_id": ""}, "`item_id` must not be empty"),
        ({"item_id": "a\tb"}, "`item_id` must have no control characters"),
        ({"item_id": "a" * 513}, "`item_id` must have at most 512 characters"),
        ({"title": "\ud800"}, "`title` must be Unicode; it has half of a surrogate"),
        ({"text": "x" * 1_000_001}, "`text` must have at most 1000000 characters"),
        ({"category": [1, {}]}, "`category` must be text or a number"),
        ({"available_from": 1e30}, "`available_from` looks like milliseconds"),
        ({"available_until": 2**63}, "`available_until` looks like milliseconds"),
        ({"available_from": True}, "`available_from` must be UTC seconds"),
        ({"is_removed": "yes"}, "`is_removed` must be true or false. Received: 'yes'."),
        ({"time": 1e39}, "`time` must be a finite number"),
        (
            {"available_from": 9, "available_until": 9},
            "could never be had. Received: 9 and 9, of 'a'",
        ),
        (
            {"item_id": None, "title": "\ud800", "time": []},
            '`item_id` must not be empty, because "" is the padding. Received: None. '
            "`title` must be Unicode; it has half of a surrogate pair. Received: "
            "'\\ud800'. `time` must be a number or absent. Received: [].",
        ),
    ],
)
def test_items_that_cannot_be(fields, words):
    with pytest.raises(DataError, match=re.escape(words)):
        ItemChange(**{"item_id": "a", **fields})


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (5, "A change must be an object. Received: 5."),
        ({}, "`item_id` must not be empty"),
        ({"item_id": "a", "colour": 1}, "no other fields than item_id, title"),
    ],
)
def test_what_was_parsed_is_no_change(raw, words):
    with pytest.raises(DataError, match=words):
        ItemChange.parse(raw)


def test_what_was_parsed_is_a_change():
    raw = {"item_id": "a", "is_removed": True}
    assert ItemChange.parse(raw) == ItemChange(item_id="a", is_removed=True)
