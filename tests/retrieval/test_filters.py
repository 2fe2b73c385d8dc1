"""Tests of tfrec.retrieval.filters."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tfrec.retrieval.filters import Filters, available_at, best, every, in_categories

rows_of = st.integers(0, 6).flatmap(
    lambda width: arrays("int32", (3, width), elements=st.integers(-1, 5))
)


@settings(deadline=None)
@given(rows=rows_of, excluded=rows_of)
def test_permits_agrees_with_python_sets(rows, excluded):
    permitted = Filters(tf.constant(excluded)).permits(tf.constant(rows))
    expected = [
        [row >= 0 and row not in set(e) for row in r]
        for r, e in zip(rows.tolist(), excluded.tolist(), strict=True)
    ]
    assert permitted.numpy().tolist() == expected


def test_num_excluded_ignores_padding():
    filters = Filters(tf.constant([[-1, 4, -1], [-1, -1, -1]]))
    assert filters.num_excluded(2).numpy().tolist() == [1, 0]
    assert Filters().num_excluded(2).numpy().tolist() == [0, 0]


def test_everything_is_allowed_where_nothing_rules():
    assert Filters().is_allowed(tf.constant([[3, 0]])).numpy().tolist() == [[True] * 2]


def test_take_keeps_queries_and_filters_together():
    filters = Filters(
        tf.constant([[0], [1], [2]]),
        lambda rows, own: rows != own[:, None],
        (tf.constant([5, 6, 7]),),
    )
    rows = tf.constant([[0, 1, 2, 5, 6, 7]])
    permitted = filters.take(tf.constant([2])).permits(rows)
    assert permitted.numpy().tolist() == [[True, True, False, True, True, False]]


def test_availability_includes_the_start_and_not_the_end():
    """Windows: always, [10, for ever), [0, 20), [10, 20)."""
    allowed, per_query = available_at(
        tf.constant([0, 10, 0, 10], tf.int64),
        tf.constant([0, 0, 20, 20], tf.int64),
        tf.constant([9, 10, 20], tf.int64),
    )
    is_allowed = allowed(tf.constant([[0, 1, 2, 3]]), *per_query)
    assert is_allowed.numpy().astype(int).tolist() == [
        [1, 0, 1, 0],
        [1, 1, 1, 1],
        [1, 1, 0, 0],
    ]


def test_categories():
    """Candidates: {0}, {0, 1}, {}, {2}; of 3 categories."""
    categories = tf.constant([[0, -1], [1, 0], [-1, -1], [-1, 2]])
    wanted = tf.constant(
        [
            [-1, -1],  # no wish: all, the one without categories too
            [-1, 0],
            [1, 2],
            [3, -1],  # a category that is not in the catalogue
        ]
    )
    allowed, per_query = in_categories(categories, 3, wanted)
    assert allowed(tf.range(4)[None], *per_query).numpy().astype(int).tolist() == [
        [1, 1, 1, 1],
        [1, 1, 0, 0],
        [0, 1, 0, 1],
        [0, 0, 0, 0],
    ]


def test_every_rule_must_hold():
    now = tf.constant([5, 5], tf.int64)
    begins = tf.constant([0, 9, 0], tf.int64)
    categories = tf.constant([[0], [0], [1]])
    allowed, per_query = every(
        available_at(begins, tf.zeros(3, tf.int64), now),
        in_categories(categories, 2, tf.constant([[0], [-1]])),
    )
    filters = Filters(allowed=allowed, per_query=per_query)
    permitted = filters.permits(tf.constant([[0, 1, 2]] * 2))
    assert permitted.numpy().tolist() == [[True, False, False], [True, False, True]]
    second = filters.take(tf.constant([1])).permits(tf.constant([[0, 1, 2]]))
    assert second.numpy().tolist() == [[True, False, True]]


def test_best_keeps_the_order_of_ties_and_drops_minus_infinity():
    scores = tf.constant([[1.0, 2.0, -np.inf, 2.0]])
    rows, scores = best(scores, tf.constant([[7, 8, 9, 3]]), tf.constant(5))
    assert rows.numpy().tolist() == [[8, 3, 7, -1, -1]]
    assert scores.numpy().tolist() == [[2.0, 2.0, 1.0, -np.inf, -np.inf]]
