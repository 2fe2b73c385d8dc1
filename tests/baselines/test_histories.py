"""Tests of histories as matrices and of the recipes that weigh them."""

import numpy as np
import pytest

from tests.evaluation.logs import ask_all, make_log
from tfrec.baselines.histories import history_matrix
from tfrec.baselines.history_recipes import (
    RankDecay,
    TimeDecay,
    TimeWindow,
    WeightedRecent,
    by_value,
    uniform,
)

DAY = 86_400
NOW = 10 * DAY
# (user, item, timestamp, value): user 0 chose 0, 2, 1, then 2 again; user 2 chose 1.
EVENTS = [
    (0, 0, NOW - 8 * DAY, 5),
    (0, 2, NOW - 4 * DAY, 1),
    (0, 1, NOW - 2 * DAY, -1),
    (0, 2, NOW - 1 * DAY, 4),
    (2, 1, NOW - 4 * DAY, 2),
]


@pytest.fixture
def queries():
    log = make_log(EVENTS, num_items=3, num_users=3)
    return ask_all(log, [[0]] * 3, now=NOW)


@pytest.mark.parametrize(
    ("weighting", "expected"),
    [
        (uniform, [[1, 1, 1], [0, 0, 0], [0, 1, 0]]),
        (by_value, [[5, 0, 4], [0, 0, 0], [0, 2, 0]]),
        # Ranks of user 0: item 2 has 0, item 1 has 1, item 0 has 3.
        (RankDecay(1.0), [[1 / 8, 1 / 2, 1], [0, 0, 0], [0, 1, 0]]),
        (WeightedRecent(2), [[0, 1 / 2, 1], [0, 0, 0], [0, 1, 0]]),
        (TimeDecay(4.0), [[1 / 4, 2**-0.5, 2**-0.25], [0, 0, 0], [0, 1 / 2, 0]]),
        (TimeWindow(4.0), [[0, 1, 1], [0, 0, 0], [0, 1, 0]]),
    ],
    ids=["uniform", "by value", "by rank", "latest two", "by time", "in four days"],
)
def test_an_item_counts_once_at_its_latest_event(queries, weighting, expected):
    matrix = history_matrix(queries, weighting)
    np.testing.assert_allclose(matrix.toarray(), expected, rtol=1e-6)
    assert matrix.dtype == np.float32
    assert (matrix.data != 0).all()


def test_only_the_past_counts(queries):
    """Two events of user 0 lie after the end of this history."""
    ends = queries.history_ends - [2, 0, 0]
    early = type(queries)(**{**vars(queries), "history_ends": ends})
    matrix = history_matrix(early, RankDecay(1.0)).toarray()
    np.testing.assert_allclose(matrix[0], [1 / 2, 0, 1])


def test_queries_may_come_in_any_order(queries):
    matrix = history_matrix(queries.take([2, 0, 2]))
    assert matrix.toarray().tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
