"""Tests of tfrec.reasons.naming."""

import numpy as np
import pytest

from tfrec.reasons.naming import carrying, may_be_named, most_specific

NONE = float("nan")


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        # Means are .5, .25, .25: the second item has twice as much of the third as all.
        ([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]], [1, 2]),
        # .1 is less than a fifth of .7, however much it tells the items apart.
        ([[0.7, 0.3, 0.0], [0.7, 0.2, 0.1]], [1, 0]),
        ([[0.7, 0.3], [0.7, 0.3]], [0, 0]),
        ([[0.0, 0.0], [0.0, 0.1]], [-1, 1]),
    ],
)
def test_an_event_that_tells_items_apart(shares, expected):
    may_be = np.ones(len(shares[0]), bool)
    assert most_specific(np.array(shares), may_be) == expected


def test_dislikes_and_low_ratings_may_not_be_named():
    """The middle of 2, 4 and 5 is 4; values of other kinds are no ratings."""
    kinds = ["rating", "rate", "rating", "view", "skip", "rating"]
    values = np.array([2.0, 4.0, 5.0, 1.0, 9.0, NONE])
    is_dislike = np.array([kind == "skip" for kind in kinds])
    found = may_be_named(kinds, values, is_dislike).tolist()
    assert found == [False, True, True, True, False, True]


def test_no_events_may_be_named_where_there_are_none():
    assert may_be_named([], np.array([]), np.array([], bool)).tolist() == []


@pytest.mark.parametrize(
    ("shares", "named", "expected"),
    [
        ([0.1, 0.6, 0.3, 0.0], 1, [1, 2]),  # .1 is less than a fifth of .6
        ([0.2, 0.5, 0.1, 0.2], 2, [1, 0, 3, 2]),  # exactly a fifth is enough
        ([0.2, 0.2, 0.2, 0.2, 0.1, 0.1], 5, [0, 1, 2, 3, 5]),  # five, and the named
        ([0.0, 0.0], -1, []),
    ],
)
def test_those_that_carry_an_item_come_largest_first(shares, named, expected):
    assert carrying(np.array(shares), named) == expected
