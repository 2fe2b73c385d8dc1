"""Tests of tfrec.data.repeats."""

import numpy as np
import pytest

from tests.data.logs import make_interactions
from tfrec.data.repeats import (
    learns_repeats,
    may_be_target,
    without_other_targets,
)

ROWS = [
    ("al", "x", 1, 0, "good"),
    ("al", "y", 2, 0, "meh"),
    ("al", "y", 3, 0, "good"),  # has been met, though not been chosen
    ("al", "x", 4, 0, "good"),
    ("al", "z", 5, 0, "bad"),
    ("bo", "x", 6, 0, "meh"),
    ("bo", "x", 6, 0, "good"),  # at the moment of the meeting: not in the history
    ("bo", "x", 6, 0, "good"),  # the same again
]


@pytest.fixture
def log():
    return make_interactions(ROWS)


def test_every_positive_event_where_repeats_are_allowed(log):
    assert may_be_target(log, True).tolist() == [1, 0, 1, 1, 0, 0, 1, 1]


def test_what_is_new_to_its_user_otherwise(log):
    assert may_be_target(log, False).tolist() == [1, 0, 0, 0, 0, 0, 1, 0]


def test_repeats_lose_their_label_but_not_their_place(log):
    marked = without_other_targets(log, False)
    assert log.labels.tolist() == [1, 0, 1, 1, -1, 0, 1, 1]
    assert marked.labels.tolist() == [1, 0, 0, 0, -1, 0, 1, 0]
    np.testing.assert_array_equal(marked.item_rows, log.item_rows)
    same = without_other_targets(log, True)
    np.testing.assert_array_equal(same.labels, log.labels)


@pytest.mark.parametrize(("num_repeats", "found"), [(1, False), (2, True)])
def test_a_fifth_of_repeats_is_many(num_repeats, found):
    rows = [("u", f"i{max(0, i - num_repeats)}", i, 0, "good") for i in range(10)]
    log = make_interactions(rows)
    assert learns_repeats(log, "auto") == found
    assert learns_repeats(log, "allowed")
    assert not learns_repeats(log, "never")
