"""Tests of tfrec.data.interactions."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.data.logs import make_interactions, places
from tfrec.data.interactions import Queries
from tfrec.errors import DataError

ROWS = [
    ("bo", "x", 5, 0, "good"),
    ("al", "y", 9, 0, "bad"),
    ("bo", "y", 3, 1, "meh"),
    ("bo", "z", 3, 0, "good"),
    ("al", "x", 9, 0, "good"),  # simultaneous with row 1: stays behind it
    ("al", "z", 9, 1, "good"),
]


def test_events_are_sorted_by_user_and_time():
    log = make_interactions(ROWS, items=["z", "y", "x", "unseen"])
    assert log.user_ids.tolist() == ["al", "bo"]
    assert log.item_ids.tolist() == ["z", "y", "x", "unseen"]  # the catalogue's order
    assert places(log) == [1, 4, 5, 3, 2, 0]
    assert log.offsets.tolist() == [0, 3, 6]
    assert log.item_rows.tolist() == [1, 2, 0, 0, 1, 2]
    assert log.labels.tolist() == [-1, 1, 1, 1, 0, 1]
    assert log.popularity().tolist() == [2, 0, 2, 0]
    assert log.group_starts.tolist() == [0, 0, 2, 3, 4, 5]


def test_user_item_matrix_is_binary():
    """1 for a positive event, or two; "bad" and "meh" are none."""
    log = make_interactions([*ROWS, ("bo", "z", 8, 0, "good")], items=["z", "y", "x"])
    assert log.user_item_matrix().toarray().tolist() == [[1, 0, 1], [1, 0, 1]]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("pqr"),
            st.sampled_from("xy"),
            st.integers(-2, 2),
            st.integers(0, 1),
            st.just("good"),
        ),
        min_size=1,
        max_size=15,
    ),
    st.randoms(),
)
def test_select_and_groups_equal_a_loop(rows, random):
    log = make_interactions(rows)
    mask = np.array([random.random() < 0.6 for _ in rows], bool)
    part = log.select(mask)
    assert places(part) == [
        p for p, kept in zip(places(log), mask, strict=True) if kept
    ]
    for user in range(part.num_users):
        held = part.user_rows[part.offsets[user] : part.offsets[user + 1]]
        assert held.tolist() == [user] * int((log.user_rows[mask] == user).sum())
    keys = list(zip(part.user_rows, part.timestamps, part.sequences, strict=True))
    assert part.group_starts.tolist() == [keys.index(key) for key in keys]


def test_selecting_nothing_keeps_the_row_spaces():
    log = make_interactions(ROWS)
    none = log.select(np.zeros(len(log), bool))
    assert (len(none), none.num_items, none.num_users) == (0, 3, 2)
    assert none.offsets.tolist() == [0, 0, 0]
    assert none.group_starts.tolist() == []
    assert none.popularity().tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"timestamps": np.arange(6)[::-1].copy()}, "must be sorted"),
        ({"labels": np.zeros(6, np.int32)}, "`labels` must be int8"),
        ({"values": np.zeros(5, np.float32)}, "`values` must be float32 of shape"),
        ({"item_rows": np.full(6, 3, np.int32)}, r"`item_rows` must lie in \[0, 3\)"),
        ({"offsets": np.array([0, 2, 6])}, "`offsets` must bound"),
    ],
)
def test_wrong_arrays_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        dataclasses.replace(make_interactions(ROWS), **change)


def test_a_mask_must_fit():
    with pytest.raises(DataError, match="`mask` must be bool of shape"):
        make_interactions(ROWS).select(np.array([1, 2]))


def make_queries(log, **change):
    arrays = {
        "user_rows": np.array([1, 0, 1], np.int32),
        "history_ends": np.array([5, 2, 3]),
        "timestamps": np.array([5, 9, 3]),
        "target_offsets": np.array([0, 2, 3, 3]),
        "target_rows": np.array([2, 0, 1], np.int32),
    }
    return Queries(log, **(arrays | change))


def test_queries_take_rows_and_their_targets():
    queries = make_queries(make_interactions(ROWS)).take([2, 0, 0])
    assert queries.user_rows.tolist() == [1, 1, 1]
    assert [queries.targets(i).tolist() for i in range(3)] == [[], [2, 0], [2, 0]]
    assert queries.history(1) == slice(3, 5)
    assert queries.history(0) == slice(3, 3)


def test_queries_take_none():
    queries = make_queries(make_interactions(ROWS)).take([])
    assert (len(queries), queries.target_offsets.tolist()) == (0, [0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"history_ends": np.array([5, 4, 3])}, "`history_ends` must lie within"),
        ({"timestamps": np.array([5])}, "must agree in length"),
        ({"target_rows": np.array([2, 0, 7], np.int32)}, "`target_rows` must lie in"),
    ],
)
def test_wrong_queries_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        make_queries(make_interactions(ROWS), **change)
