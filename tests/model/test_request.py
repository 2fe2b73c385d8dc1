"""Tests of tfrec.inference.request."""

import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import make_options, make_query
from tfrec.inference.request import to_batch

HISTORIES = [["a", "b", "c"], ["d"]]


def test_absent_inputs_get_the_length_of_the_batch():
    given = make_query(HISTORIES, history_timestamps=[[0]])
    query = to_batch(given, tf.constant(2))
    assert query.query_text.numpy().tolist() == [b"", b""]
    assert query.now.numpy().tolist() == [0, 0]
    for part in query[2:6]:
        assert part.shape == (2, 3)
    assert np.isnan(query.history_values).all()
    assert (query.history_events.numpy() == b"").all()
    assert (query.history_timestamps.numpy() == 0).all()


def test_what_was_given_stays():
    given = make_query(HISTORIES, now=[5, 6], user_text=["x", "y"])
    query = to_batch(given, tf.constant(2))
    np.testing.assert_array_equal(query.now, [5, 6])
    np.testing.assert_array_equal(query.user_text, [b"x", b"y"])
    np.testing.assert_array_equal(query.history_item_ids, given.history_item_ids)
    np.testing.assert_array_equal(query.history_timestamps, given.history_timestamps)


def test_one_history_and_one_wish_for_all():
    query = to_batch(make_query([["a", "b"]]), tf.constant(3))
    assert query.history_item_ids.numpy().tolist() == [[b"a", b"b"]] * 3
    given = make_options(categories=[["x", "y"]], k=[4], exclude_item_ids=[["a"]])
    options = to_batch(given, tf.constant(3))
    assert options.categories.numpy().tolist() == [[b"x", b"y"]] * 3
    assert options.exclude_item_ids.shape == (3, 1)
    assert options.k.numpy().tolist() == [4, 4, 4]


def test_lists_of_different_widths_keep_them():
    """Only the parts of a history belong together."""
    given = make_options(
        categories=[["x"], ["y"]], exclude_item_ids=[["a", "b"], ["c", ""]]
    )
    options = to_batch(given, tf.constant(2))
    assert options.categories.shape == (2, 1)
    assert options.exclude_item_ids.shape == (2, 2)


@pytest.mark.parametrize(
    "given",
    [
        {"now": [1, 2, 3]},  # three for two
        {"history_values": [[1.0, 2.0]] * 2},  # two values for three events
    ],
)
def test_lengths_that_fit_nothing(given):
    with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"):
        to_batch(make_query(HISTORIES, **given), tf.constant(2))
