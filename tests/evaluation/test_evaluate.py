"""Tests of tfrec.evaluation.evaluate."""

import numpy as np
import pytest

from tests.evaluation.logs import ask_all, make_log, make_split_of
from tfrec.errors import DataError
from tfrec.evaluation.evaluate import evaluate

SEEN = [(0, 0, 1), (0, 1, 2), (1, 0, 1), (2, 3, 1)]  # (user, item, timestamp)


class Fixed:
    """Gives the rows of a table; knows which user asks."""

    name = "fixed"

    def __init__(self, table):
        self.table = np.array(table, np.float32)

    def score(self, queries):
        return self.table[queries.user_rows]


@pytest.fixture
def queries():
    """Users 0, 1 and 2 with two, one and one seen items of 5."""
    return ask_all(make_log(SEEN, num_items=5, num_users=3), [[2], [2, 3], [4]])


def test_seen_items_do_not_compete(queries):
    # Seen: {0, 1}, {0}, {3}. Without them, the targets hold these ranks.
    table = [[9, 8, 7, 1, 1], [9, 1, 5, 6, 0], [1, 2, 3, 9, 4]]
    result = evaluate(Fixed(table), queries)
    assert result.per_query["mrr@10"].tolist() == [1.0, 1.0, 1.0]
    assert result.means["ndcg@10"] == 1.0


def test_seen_items_compete_when_repeats_are_allowed(queries):
    table = [[9, 8, 7, 1, 1], [9, 1, 5, 6, 0], [1, 2, 3, 9, 4]]
    result = evaluate(Fixed(table), queries, allow_repeats=True)
    np.testing.assert_allclose(result.per_query["mrr@10"], [1 / 3, 1 / 2, 1 / 2])


def test_scores_of_the_recommender_are_left_alone(queries):
    fixed = Fixed(np.ones((3, 5)))
    fixed.score = lambda queries: fixed.table
    evaluate(fixed, queries)
    assert (fixed.table == 1).all()


def test_batches_make_no_difference(queries):
    fixed = Fixed(np.random.default_rng(0).normal(size=(3, 5)))
    whole = evaluate(fixed, queries)
    alone = evaluate(fixed, queries, batch_size=1)
    assert whole.means == alone.means
    assert whole.coverage == alone.coverage


def test_empty_history_counts():
    log = make_log([(0, 0, 1)], num_items=3, num_users=2)
    result = evaluate(Fixed([[0, 1, 0], [0, 0, 1]]), ask_all(log, [[1], [0]]))
    assert result.num_queries == 2
    assert result.per_query["recall@10"].tolist() == [1, 1]
    assert result.per_query["mrr@10"].tolist() == [1, 1 / 3]  # last of equals


def test_a_repeated_target_is_one_target():
    log = make_log([(0, 0, 1)], num_items=4, num_users=1)
    result = evaluate(Fixed([[0, 3, 2, 1]]), ask_all(log, [[2, 2]]))
    assert result.per_query["recall@10"].tolist() == [1.0]
    np.testing.assert_allclose(result.per_query["ndcg@10"], [1 / np.log2(3)])


def test_cutoffs_and_coverage(queries):
    table = [[0, 0, 9, 8, 0], [0, 0, 9, 8, 0], [0, 8, 9, 0, 0]]
    result = evaluate(Fixed(table), queries, cutoffs=(1, 2))
    assert result.coverage == {"coverage@1": 1 / 5, "coverage@2": 3 / 5}
    # Item 2 comes first for all: right for users 0 and 1, whose targets are 1 and 2.
    assert result.per_query["recall@1"].tolist() == [1, 0.5, 0]
    assert result.per_query["precision@2"].tolist() == [0.5, 1, 0]


def test_slices_of_cold_items(queries):
    is_cold = np.array([False, False, False, True, True])
    split = make_split_of("cold-items", queries.interactions, queries, is_cold)
    # Ranks without seen items: user 0: item 2 -> 1; user 1: item 2 -> 1 and
    # item 3 -> 3; user 2: item 4 -> 2, its only unseen cold item.
    table = [[0, 0, 9, 1, 2], [0, 5, 9, 3, 2], [9, 1, 1, 7, 2]]
    slices = evaluate(Fixed(table), split).slices
    assert slices["warm items"].per_query["mrr@10"].tolist() == [1, 1]
    np.testing.assert_allclose(slices["cold items"].per_query["mrr@10"], [1 / 3, 1 / 2])
    assert slices["among cold items"].per_query["mrr@10"].tolist() == [1, 1]
    assert slices["cold items"].user_rows.tolist() == [1, 2]


def test_short_histories_and_further_slices():
    events = [(0, item, item) for item in range(6)] + [(1, 0, 1)]
    log = make_log(events, num_items=8, num_users=2)
    table = np.tile(np.arange(8), (2, 1))
    asked = ask_all(log, [[7], [6]])
    slices = evaluate(
        Fixed(table), asked, slices={"first": np.array([True, False])}
    ).slices
    assert slices["short history"].user_rows.tolist() == [1]
    assert slices["first"].per_query["mrr@10"].tolist() == [1.0]
    assert "cold items" not in slices


def test_users_that_training_knows(queries):
    """Training saw user 1 only."""
    log = queries.interactions
    train = log.select(log.user_rows == 1)
    split = make_split_of("rolling", train, queries, np.zeros(5, bool))
    slices = evaluate(Fixed(np.ones((3, 5))), split).slices
    assert slices["known users"].user_rows.tolist() == [1]
    assert slices["new users"].user_rows.tolist() == [0, 2]
    assert "cold items" not in slices


def test_wrong_shape(queries):
    fixed = Fixed(np.ones((3, 4)))
    with pytest.raises(DataError, match=r"\(3, 5\). Received: \(3, 4\) from fixed"):
        evaluate(fixed, queries)


def test_query_without_a_true_item():
    log = make_log([(0, 0, 1)], num_items=3, num_users=2)
    with pytest.raises(DataError, match="2 queries, 1 of them without a true item"):
        evaluate(Fixed(np.ones((2, 3))), ask_all(log, [[1], []]))
