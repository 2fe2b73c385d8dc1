"""Tests of tfrec.hybrid.candidate_pool."""

import numpy as np
import pytest

from tests.model.test_two_tower import last_queries
from tfrec.evaluation.evaluate import mean_ndcg, strike_forbidden
from tfrec.hybrid import candidate_pool as score_pool
from tfrec.hybrid.candidate_pool import CandidatePool, pool_candidates
from tfrec.hybrid.offline_scores import own_past
from tfrec.hybrid.query_sides import QuerySides


@pytest.fixture
def queries(board):
    return last_queries(board[1])


@pytest.fixture
def shallow(monkeypatch):
    """Pools so small that the board's catalogue is large beside them."""
    monkeypatch.setattr(score_pool, "DEPTH", 1)
    monkeypatch.setattr(score_pool, "NEW_DEPTH", 1)


class Fixed:
    """A recommender with these scores."""

    name = "fixed"

    def __init__(self, scores):
        self.scores = scores

    def score(self, queries):
        return self.scores[queries.user_rows]


def pooled(hybrid, queries, allow_repeats):
    sides = QuerySides(hybrid.model, queries)
    return pool_candidates(hybrid.scorers, sides, allow_repeats)


def all_parts(hybrid, queries, allow_repeats):
    sides = QuerySides(hybrid.model, queries)
    own = own_past(hybrid.model, queries) if allow_repeats else []
    parts = sides.score(hybrid.scorers, np.arange(len(queries)))
    return [*parts, *(each.toarray() for each in own)]


@pytest.mark.parametrize("allow_repeats", [False, True])
def test_small_catalogue_is_pooled_whole(hybrid, queries, allow_repeats):
    pool = pooled(hybrid, queries, allow_repeats)
    weights = np.arange(1.0, len(pool.parts) + 1)
    parts = all_parts(hybrid, queries, allow_repeats)
    expected = mean_ndcg(Fixed(np.tensordot(weights, parts, 1)), queries, allow_repeats)
    blended = np.tensordot(weights, pool.parts, 1)
    assert pool.ndcg(blended, 10) == pytest.approx(expected)


def test_what_any_part_likes_best_is_in_the_pool(shallow, hybrid, queries):
    pool = pooled(hybrid, queries, allow_repeats=False)
    parts = all_parts(hybrid, queries, allow_repeats=False)
    assert pool.parts[0].shape[1] < parts[0].shape[1]
    may_come = pool.parts[0] > -np.inf
    for whole, kept in zip(parts, pool.parts, strict=True):
        strike_forbidden(whole, queries, allow_repeats=False)
        best = np.where(may_come, kept, -np.inf).max(axis=1)
        np.testing.assert_array_equal(best, whole.max(axis=1))


def test_targets_are_found_in_the_pool(shallow, hybrid, queries):
    pool = pooled(hybrid, queries, allow_repeats=False)
    for whole, kept in zip(all_parts(hybrid, queries, False), pool.parts, strict=True):
        np.testing.assert_array_equal(
            kept[np.arange(len(queries)), pool.target_places],
            whole[np.arange(len(queries)), queries.target_rows],
        )


@pytest.mark.parametrize(
    ("rank", "cutoff"), [(10, 10), (11, 30), (30, 30), (31, 100), (150, 100)]
)
def test_longer_lists_where_the_right_items_come_late(rank, cutoff):
    """100 of the 120 targets are at this rank, which is enough; the others are last."""
    scores = -np.tile(np.arange(200.0), (120, 1))
    places = np.where(np.arange(120) < 100, rank - 1, 199)
    is_new = np.zeros_like(scores, bool)
    assert (
        CandidatePool([scores], is_new, np.arange(121), places, places).cutoff == cutoff
    )
    few = CandidatePool(
        [scores[1:]], is_new[1:], np.arange(120), places[1:], places[1:]
    )
    assert few.cutoff == 100


def three_questions():
    """Of these the first has a new answer, the second two, one of them."""
    scores = np.array([[5.0, 1, 2, 3], [0, 1, -np.inf, 2], [0, 1, 2, 3]])
    is_new = np.array([[0, 1, 1, 1], [1, 0, 1, 0], [1, 1, 1, 0]], bool)
    offsets, places = np.array([0, 1, 3, 4]), np.array([2, 0, 1, 3])
    return CandidatePool([scores, 2 * scores], is_new, offsets, places, 10 * places)


def test_questions_that_new_items_answer():
    pool, whole = three_questions().answered_by(new=True), three_questions()
    assert len(pool) == 2
    for part, all_of_it in zip(pool.parts, whole.parts, strict=True):
        assert part.tolist() == all_of_it[:2].tolist()
    assert pool.target_offsets.tolist() == [0, 1, 2]
    assert pool.target_places.tolist() == [2, 0]


def test_questions_that_known_items_answer():
    pool = three_questions().answered_by(new=False)
    assert pool.parts[0].tolist() == three_questions().parts[0][1:].tolist()
    assert pool.target_offsets.tolist() == [0, 1, 2]
    assert pool.target_places.tolist() == [1, 3]


def test_items_of_one_kind_among_themselves():
    new, known = three_questions().among(new=True), three_questions().among(new=False)
    assert new.parts[0].tolist() == [[1, 2, 3], [0, -np.inf, -np.inf]]
    assert new.parts[1][0].tolist() == [2, 4, 6]
    assert new.target_places.tolist() == [1, 0]
    assert new.target_rows.tolist() == [20, 0]
    assert new.ndcg(new.parts[0], 10) == pytest.approx((1 / np.log2(3) + 1) / 2)
    assert known.parts[0].tolist() == [[1, 2], [3, -np.inf]]
    assert known.target_places.tolist() == [0, 0]


def test_ndcg_of_blends():
    pool, shares = three_questions(), [0.0, 1.5]
    second = np.array([[0.0, 4, 0, 0], [0, 3, 0, 0], [3, 0, 0, 0]])
    found = pool.ndcg_of_blends(pool.parts[0], second, shares, k=10)
    assert found == [pool.ndcg(pool.parts[0] + s * second, 10) for s in shares]
    assert found[0] != found[1]


def test_questions_of_some_right_items():
    kept = np.array([False, False, True, True])
    pool = three_questions().of_targets(kept)
    assert pool.target_rows.tolist() == [10, 30]
    assert pool.target_offsets.tolist() == [0, 1, 2]
    assert pool.parts[0].tolist() == three_questions().parts[0][1:].tolist()


def test_without_new_items_there_is_nothing_to_choose_by():
    scores = np.zeros((2, 3))
    pool = CandidatePool([scores], scores > 0, np.arange(3), np.arange(2), np.arange(2))
    assert not pool.among(new=True).is_enough
    assert len(pool.among(new=True)) == 0


def test_no_item_is_in_the_pool_twice(shallow, hybrid, queries):
    pool = pooled(hybrid, queries, allow_repeats=False)
    assert (pool.parts[0][0] > -np.inf).sum() <= 9  # of 16, 7 have been met
    cells = np.stack(pool.parts, axis=2)
    for cell, first in zip(cells, pool.parts[0], strict=True):
        met = cell[first > -np.inf]
        assert len(np.unique(met, axis=0)) == len(met)


def test_what_a_person_met_is_in_the_pool(hybrid, queries, monkeypatch):
    monkeypatch.setattr(score_pool, "DEPTH", 0)
    monkeypatch.setattr(score_pool, "NEW_DEPTH", 0)
    pool = pooled(hybrid, queries, allow_repeats=True)
    whole = np.stack([each.toarray() for each in own_past(hybrid.model, queries)])
    assert pool.is_new.shape[1] < whole.shape[2]
    may_come = pool.parts[0] > -np.inf
    for features, kept in zip(whole, pool.parts[-len(whole) :], strict=True):
        expected = features.sum(axis=1)
        np.testing.assert_allclose((kept * may_come).sum(axis=1), expected, rtol=1e-6)
