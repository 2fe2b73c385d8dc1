"""Tests of tfrec.hybrid.explained, beside evaluation and server."""

import dataclasses

import numpy as np

from tests.model.asking import make_query
from tests.model.checkerboard import NUM_ITEMS, NUM_USERS
from tests.model.test_two_tower import last_queries
from tfrec.data.packing import pack_histories
from tfrec.evaluation.deletion import delete_events, judge_deletions, without
from tfrec.hybrid.explained import HybridExplainer
from tfrec.hybrid.offline_scores import HybridRecommender

ALIKE = {"rtol": 1e-3, "atol": 1e-3}


def every_item(queries):
    return np.tile(np.arange(NUM_ITEMS), (len(queries), 1))


def test_scores_are_those_of_the_evaluation(faithful, board):
    queries = last_queries(board[1])
    explainer = HybridExplainer(faithful)
    packed = pack_histories(queries, explainer.max_history_length)
    found = explainer.scores(packed, queries, every_item(queries))
    np.testing.assert_allclose(
        found, HybridRecommender(faithful).score(queries), **ALIKE
    )


def test_shares_are_those_of_the_signature(faithful, asked_faithful, board):
    queries = last_queries(board[1])
    explainer, log = HybridExplainer(faithful), queries.interactions
    packed = pack_histories(queries, explainer.max_history_length)
    found = explainer.shares(packed, queries, every_item(queries))
    ids = [list(log.item_ids[log.item_rows[queries.history(u)]]) for u in range(16)]
    times = [list(log.timestamps[queries.history(u)]) for u in range(16)]
    request = make_query(ids, times, now=queries.timestamps)
    names = faithful.model.catalogue.item_ids.tolist()
    served = asked_faithful.explain(request, [names] * NUM_USERS)
    np.testing.assert_allclose(found, served[..., : found.shape[2]], **ALIKE)


def test_a_deletion_is_a_history_that_never_had_the_event(faithful, board):
    queries = last_queries(board[1])
    explainer = HybridExplainer(faithful)
    packed = pack_histories(queries, explainer.max_history_length)
    lengths = (packed["item_rows"] >= 0).sum(axis=1)
    last = without(packed, lengths - 1)
    shorter = dataclasses.replace(queries, history_ends=queries.history_ends - 1)
    found = explainer.scores(last, queries, every_item(queries))
    expected = HybridRecommender(faithful).score(shorter)
    np.testing.assert_allclose(found, expected, **ALIKE)


def test_named_events_of_the_checkerboard_matter(hybrid, board):
    queries = last_queries(board[1])
    ours = HybridRecommender(hybrid)
    lost = delete_events(HybridExplainer(hybrid), ours, queries)
    found = judge_deletions(lost, num_samples=50)
    assert found["num_questions"] + found["num_unnamed"] == NUM_USERS
    assert found["named"]["mean"] > 0
