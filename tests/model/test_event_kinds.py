"""Tests of tfrec.towers.event_kinds, and of what kinds mean in every answer."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import make_options, make_query, names
from tests.model.checkerboard import NUM_ITEMS
from tests.model.test_live_histories import request_of
from tfrec.hybrid.hybrid_scorer import HybridScorer
from tfrec.inference.inference import Inference, build_indexes
from tfrec.retrieval.brute_force import BruteForceIndex
from tfrec.towers.event_kinds import event_kinds

ALL = names(*range(NUM_ITEMS))
HEARD = [
    ("i03", "view", 1.0, 100),
    ("i07", "view", 2.0, 200),
    ("i05", "view", 1.0, 400),
]
UNKNOWN = [("i02", "no such kind", 1.0, 150), ("i04", "no such kind", 5.0, 500)]
SKIPS = [("i02", "skip", 1.0, 150), ("i04", "skip", 5.0, 500)]


def test_kinds_by_hand(kinds_log):
    kinds = event_kinds(kinds_log)
    assert kinds.speaks.tolist() == [False, False, True]
    assert kinds.names[kinds.usual] == "view"
    is_skip, is_liked = kinds_log.labels < 0, kinds_log.labels > 0
    table = kinds.table()
    assert list(table) == ["skip", "view"]
    assert table["skip"] == {
        "positive": 0,
        "negative": is_skip.sum(),
        "neutral": 0,
        "positive_values": 0.0,
        "negative_values": 1.0,  # of 1 to 5, alike
    }
    assert table["view"]["positive"] == is_liked.sum()
    assert table["view"]["neutral"] == (kinds_log.labels == 0).sum()
    assert table["view"]["positive_values"] == 5.0


def test_the_usual_kind_speaks_of_interest(kinds_log):
    """Though three events of four are skips."""
    rows = (np.arange(len(kinds_log)) % 4 == 0).astype(np.int32) + 1
    labels = np.where(rows == 1, -1, 1).astype(np.int8)
    kinds = event_kinds(dataclasses.replace(kinds_log, event_rows=rows, labels=labels))
    assert kinds.names[kinds.usual] == "view"


def test_unknown_kinds_are_no_interest_but_their_items_are_seen(asked_all):
    with_them, without = request_of(HEARD + UNKNOWN), request_of(HEARD)
    np.testing.assert_allclose(
        asked_all.embed(with_them), asked_all.embed(without), atol=1e-5
    )
    chances = asked_all.score(with_them, [ALL])
    np.testing.assert_allclose(chances, asked_all.score(without, [ALL]), atol=1e-5)
    found, scores, _ = asked_all.recommend(with_them, k=[16])
    expected, *_ = asked_all.recommend(without, k=[16], exclude_item_ids=[names(2, 4)])
    assert found.tolist() == expected.tolist()
    assert np.isfinite(scores[0]).sum() == NUM_ITEMS - 5
    shares = asked_all.explain(with_them, [["i09", "i08"]])
    assert (shares[..., 3:] == 0).all()
    assert shares[..., :3].sum() > 0.9


def test_who_did_only_unknown_things_is_as_one_without_events(asked_all):
    nobody = asked_all.embed(make_query([[]], now=[500]))
    np.testing.assert_allclose(asked_all.embed(request_of(UNKNOWN)), nobody, atol=1e-5)
    assert (asked_all.explain(request_of(UNKNOWN), [ALL]) == 0).all()


@pytest.mark.parametrize("repeats", [False, True])
def test_learnt_skips_are_no_interest_to_any_scorer_but_ratings(
    asked_all, whole, repeats
):
    """What the towers make of them they have learnt; the rating falls."""
    with_them, without = request_of(HEARD + SKIPS), request_of(HEARD)
    start = whole.neural_dim
    end = start + sum(scorer.dim for scorer in whole.scorers[:-1])
    embedded = asked_all.embed(with_them)[:, start:end]
    np.testing.assert_allclose(
        embedded, asked_all.embed(without)[:, start:end], atol=1e-5
    )
    assert (asked_all.explain(with_them, [ALL])[..., 3:] == 0).all()
    shown, *_ = asked_all.recommend(with_them, [repeats], k=[16])
    assert ("i04" in shown[0]) == repeats


def test_an_own_past_of_skips_is_none(asked_all, whole):
    history = request_of(SKIPS)
    _, scores, _ = asked_all.recommend(history, [True], k=[16])
    weighting = dataclasses.replace(whole.weights, repeat=(0.0,) * 3)
    hybrid = HybridScorer(whole.model, whole.scorers, weighting)
    indexes = build_indexes(hybrid, BruteForceIndex)
    plain = Inference(hybrid, indexes, max_interest_norm=50.0)
    _, expected, _ = plain.recommend(history, make_options(k=[16]), tf.constant([True]))
    np.testing.assert_allclose(scores, expected, atol=1e-5)
