"""Tests of tfrec.data.history."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfrec.data.history import HistoryBatch, latest_events, take_columns


def columns_of(rows, times, max_length):
    return (
        latest_events(
            tf.constant([rows], tf.int32), tf.constant([times], tf.int64), max_length
        )
        .numpy()[0]
        .tolist()
    )


@pytest.mark.parametrize(
    ("rows", "times", "max_length", "expected"),
    [
        ([7, 8, 9], [1, 2, 3], 5, [0, 1, 2]),
        ([7, 8, 9], [3, 1, 2], 5, [1, 2, 0]),  # out of order: placed by time
        ([-1, 7, -1, 8], [0, 1, 0, 2], 4, [1, 3, -1, -1]),  # padding anywhere
        ([7, 8, 9], [1, 2, 3], 2, [1, 2]),  # the latest two
        ([7, 8, 9], [0, 0, 0], 3, [0, 1, 2]),  # no times: as they came
        ([-1, -1], [5, 6], 2, [-1, -1]),
        ([7], [np.iinfo(np.int64).max], 1, [0]),  # the end of time is no padding
    ],
)
def test_by_hand(rows, times, max_length, expected):
    assert columns_of(rows, times, max_length) == expected


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-1, 5), st.integers(0, 4)), min_size=1, max_size=8),
    st.integers(1, 8),
)
def test_agrees_with_sorting(events, max_length):
    rows, times = zip(*events, strict=True)
    real = [place for place, row in enumerate(rows) if row >= 0]
    wanted = sorted(real, key=lambda place: times[place])[-max_length:]
    found = columns_of(rows, times, max_length)
    assert [place for place in found if place >= 0] == wanted
    assert len(found) == min(len(rows), max_length)


def test_take_columns_pads():
    taken = take_columns(tf.constant([[10, 20]]), tf.constant([[1, -1]]), 99)
    assert taken.numpy().tolist() == [[20, 99]]


def test_lengths():
    rows = tf.constant([[3, 4, -1], [-1, -1, -1]])
    history = HistoryBatch(rows, rows, tf.zeros([2, 3]), tf.zeros([2, 3], tf.int64))
    assert history.lengths.numpy().tolist() == [2, 0]
