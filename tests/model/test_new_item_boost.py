"""Tests of tfrec.hybrid.new_item_boost."""

import numpy as np
import pytest

from tfrec.hybrid.candidate_pool import CandidatePool
from tfrec.hybrid.new_item_boost import choose_new_item_boost


def mixed_pool():
    """400 questions, of which new items, that hardly come up, answer a quarter."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(400, 60))
    is_new = np.broadcast_to(np.arange(60) < 20, scores.shape)
    places = np.where(np.arange(400) < 100, 7, 40)
    scores[np.arange(400), places] += 2.0
    scores -= 4 * is_new
    scores[:, 50] = -np.inf  # may not come
    return CandidatePool([scores], is_new, np.arange(401), places, places)


@pytest.mark.parametrize("cost", [0.02, 0.1, 0.5])
def test_known_items_lose_what_showing_new_ones_may_cost(cost):
    pool = mixed_pool()
    of_known, of_new = pool.answered_by(new=False), pool.answered_by(new=True)

    def reached(bonus):
        return [
            each.ndcg(each.parts[0] + bonus * each.is_new, 10)
            for each in (of_known, of_new)
        ]

    bonus = choose_new_item_boost(pool.parts[0], pool, cost)
    (before, hidden), (after, shown) = reached(-99.0), reached(bonus)
    assert (1 - cost) * before <= after < (1 - 0.8 * cost) * before
    assert reached(bonus + 0.1)[0] < (1 - cost) * before
    assert shown > hidden


@pytest.mark.parametrize("lift", [0.0, 50.0])
def test_new_items_are_shown_as_often_however_high_their_scores_were(lift):
    pool = mixed_pool()
    expected = choose_new_item_boost(pool.parts[0], pool, 0.1)
    pool.parts[0] += lift * pool.is_new
    assert choose_new_item_boost(pool.parts[0], pool, 0.1) == pytest.approx(
        expected - lift
    )


def test_new_items_gain_nothing_where_only_one_kind_is_asked_about():
    pool = mixed_pool()
    for new in (False, True):
        asked = pool.answered_by(new)
        assert choose_new_item_boost(asked.parts[0], asked, 0.5) == 0.0


@pytest.mark.parametrize(("num_known", "expected"), [(9, 0.0), (10, 3.0)])
def test_new_items_need_nothing_where_known_ones_leave_places_free(num_known, expected):
    """Of ten places: to be level with the tenth known item, of -10, -13 lacks 3."""
    scores = np.tile([*-np.arange(1.0, num_known + 1), -13.0], (2, 1))
    is_new = np.tile(np.arange(num_known + 1) == num_known, (2, 1))
    places = np.array([0, num_known])
    pool = CandidatePool([scores], is_new, np.arange(3), places, places)
    assert choose_new_item_boost(scores, pool, 0.0) == expected
