"""Tests of tfrec.inference.inference: probabilities, reasons, reactions."""

import numpy as np
import pytest
import tensorflow as tf

from tests.model.asking import make_query, names
from tests.model.checkerboard import NUM_ITEMS
from tests.model.test_live_histories import request_of
from tfrec.inference.inference import Inference, build_indexes
from tfrec.retrieval.brute_force import BruteForceIndex

ALL = names(*range(NUM_ITEMS))


def test_named_items_have_the_probabilities_of_recommended_ones(asked):
    query = make_query([names(2, 4), names(5, 7, 9)])
    ids, _, chances = asked.recommend(query, k=[9])
    np.testing.assert_allclose(asked.score(query, ids), chances, rtol=1e-4, atol=1e-6)
    assert ((chances > 0) & (chances < 1)).all()
    unknown = asked.score(query, [["no such item", ""]] * 2)
    assert (unknown == 0).all()


def test_shares_of_the_events_sit_in_their_columns(asked):
    history = ["", "i03", "no such item", "i04", "", "i05"]
    query = make_query([history, names(1, 2, 3, 4, 5, 6)])
    shares = asked.explain(query, [["i07", "i08", "no such item"], ALL[9:12]])
    assert shares.shape == (2, 3, 6)
    assert (shares >= 0).all()
    sums = shares.sum(axis=2)
    assert (np.isclose(sums, 1, atol=1e-5) | (sums == 0)).all()
    assert (shares[0, :, [0, 2, 4]] == 0).all()
    assert (shares[0, 2] == 0).all()
    assert shares[0, 0, [1, 5]].sum() > 0.9  # the odd events speak for item 7
    assert shares[0, 1, 3] > 0.9  # and the even one for item 8


def test_shares_move_with_the_columns(asked):
    events = [(item_id, "view", 1.0, 100 + place) for place, item_id in enumerate(ALL)]
    events, order = events[1:6], [3, 0, 4, 1, 2]
    shares = asked.explain(request_of(events), [["i08", "i09"]])
    mixed = asked.explain(request_of([events[i] for i in order]), [["i08", "i09"]])
    np.testing.assert_allclose(mixed, shares[:, :, order], atol=1e-5)


@pytest.mark.parametrize(("reward", "direction"), [(1.0, 1), (0.0, -1)])
def test_a_reaction_moves_the_score_of_its_item(asked, inference, reward, direction):
    def score(interest, row):
        return (interest @ inference.hybrid.candidates.numpy()[row]).item()

    before = asked.embed(make_query([names(2, 3)]))
    after = inference.update_interest(
        tf.constant(before), tf.constant(["i08"]), tf.constant([reward]), [0.5]
    ).numpy()
    assert direction * (score(after, 8) - score(before, 8)) > 1e-4


def test_reactions_by_row(asked, inference):
    """Unknown items change nothing; one learning rate does for all."""
    before = asked.embed(make_query([names(2), names(2), names(2)]))
    items, reward = tf.constant(["no such item", "", "i09"]), tf.ones([3])
    after = inference.update_interest(tf.constant(before), items, reward, [0.1])
    np.testing.assert_allclose(after[:2], before[:2], rtol=1e-6)
    assert np.abs(after[2] - before[2]).max() > 1e-3


def test_interest_stays_within_its_bound(hybrid):
    indexes = build_indexes(hybrid, BruteForceIndex)
    narrow = Inference(hybrid, indexes, max_interest_norm=3.0)
    interest = tf.zeros([1, hybrid.dim])
    after = narrow.update_interest(interest, tf.constant(["i01"]), tf.ones([1]), [1e4])
    assert np.linalg.norm(after) == pytest.approx(3.0, rel=1e-5)
