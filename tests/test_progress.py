"""Tests of tfrec.progress."""

import pytest

from tfrec.progress import Progress, tracked


@pytest.fixture
def lines(caplog):
    caplog.set_level("INFO")
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_line_at_first_and_one_every_ten_seconds(lines):
    seconds = iter([0, 4, 10, 19.9, 20, 31])
    progress = Progress("Encoding texts", 15_000, lambda: next(seconds))
    for _ in range(4):
        progress.advance(1600)
    progress.advance(8600)  # the last: what comes next will be said
    assert lines() == [
        "Encoding texts: 15,000.",
        "Encoding texts: 3,200 of 15,000.",
        "Encoding texts: 6,400 of 15,000.",
    ]


def test_what_else_is_known_ends_the_line(lines):
    seconds = iter([0, 11])
    Progress("Learning", 400, lambda: next(seconds)).advance(7, ", loss 4.125")
    assert lines()[1] == "Learning: 7 of 400, loss 4.125."


def test_short_loops_say_one_line(lines):
    assert list(tracked("abc", "Scoring shards")) == ["a", "b", "c"]
    assert lines() == ["Scoring shards: 3."]
