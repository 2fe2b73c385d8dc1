"""Tests of tfrec.evaluation.log_words, and of its section of the report."""

import pandas as pd
import pytest

from tests.evaluation.logs import make_log
from tfrec.data.schema import Items
from tfrec.evaluation import markdown
from tfrec.evaluation.log_words import words_of_log

LOG = make_log([(0, 0, 1), (0, 1, 2), (1, 0, 1), (1, 2, 2)], num_items=4, num_users=2)
TABLE = {
    "item_id": ["i0", "i1", "i2", "i3"],
    "topic": ["ships, sea", "ships, sea", "", "war, army"],
    "keywords": ["sea|storm", "sea", "", "army"],
}


def test_shares_are_of_events_by_hand():
    found = words_of_log(Items(pd.DataFrame(TABLE)), LOG)
    assert found["topics"] == [  # i0 has 2 of the 4 events, i1 and i2 one each
        {"name": "ships, sea", "items": 2, "share": 0.75},
        {"name": "war, army", "items": 1, "share": 0.0},
    ]
    assert [(each["name"], each["share"]) for each in found["keywords"]] == [
        ("sea", 0.75),
        ("storm", 0.5),
        ("army", 0.0),
    ]


@pytest.mark.parametrize("names", [["item_id"], ["item_id", "topic"]])
def test_what_items_do_not_have_is_left_out(names):
    table = {name: TABLE[name] for name in names} | {"title": ["a", "b", "c", "d"]}
    found = words_of_log(Items(pd.DataFrame(table)), LOG)
    assert [*found] == ["topics"] * ("topic" in names)


def test_the_section_of_the_report():
    words = words_of_log(Items(pd.DataFrame(TABLE)), LOG)
    section = markdown._words({"details": {"words": words}})
    assert section.startswith("## What the log is about")
    lines = [" ".join(line.split()) for line in section.splitlines()]
    assert "| ships, sea | 2 | 75.0% |" in lines
    assert "| storm | 1 | 50.0% |" in lines
    assert markdown._words({"details": {}}) == ""
