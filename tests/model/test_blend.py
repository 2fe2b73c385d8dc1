"""Tests of tfrec.model.blend."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfrec.model.blend import blend, choose_exposure, choose_weights, weigh_new
from tfrec.model.score_pool import ScorePool
from tfrec.model.weighting import Weighting


def best(rows):
    return [int(row.argmax()) for row in rows]


def test_finds_the_block_that_knows():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(50, 20))
    noise = rng.normal(size=(50, 20))
    scores = [noise, 1000 * truth, rng.normal(size=(50, 20))]

    def measure(rows):
        return float(np.mean(best(rows) == truth.argmax(axis=1)))

    weights, value = choose_weights(scores, measure)
    assert value > measure(noise)
    blended = sum(weight * each for weight, each in zip(weights, scores, strict=True))
    assert measure(blended) == value
    assert weights[0] == 1.0


def test_useless_block_weighs_nothing():
    truth = np.eye(6)
    weights, _ = choose_weights(
        [truth, -truth], lambda rows: float(np.mean(np.equal(best(rows), range(6))))
    )
    assert weights.tolist() == [1.0, 0.0]


def test_struck_items_stay_struck():
    scores = np.array([[1.0, -np.inf]])
    weights, _ = choose_weights(
        [scores, np.array([[0.0, 5.0]])], lambda rows: float(best(rows)[0])
    )
    assert np.isfinite(weights).all()


def mixed_pool():
    """400 questions, of which new items, that hardly come up, answer a quarter."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(400, 60))
    is_new = np.broadcast_to(np.arange(60) < 20, scores.shape)
    places = np.where(np.arange(400) < 100, 7, 40)
    scores[np.arange(400), places] += 2.0
    scores -= 4 * is_new
    scores[:, 50] = -np.inf  # may not come
    return ScorePool([scores], is_new, np.arange(401), places)


ALONE = Weighting(blocks=np.ones(1, np.float32))


@pytest.mark.parametrize("cost", [0.02, 0.1, 0.5])
def test_known_items_lose_what_showing_new_ones_may_cost(cost):
    pool = mixed_pool()
    of_known, of_new = pool.answered_by(new=False), pool.answered_by(new=True)

    def reached(bonus):
        return [
            each.ndcg(each.parts[0] + bonus * each.is_new, 10)
            for each in (of_known, of_new)
        ]

    bonus = choose_exposure(ALONE, pool, cost)
    (before, hidden), (after, shown) = reached(-99.0), reached(bonus)
    assert (1 - cost) * before <= after < (1 - 0.8 * cost) * before
    assert reached(bonus + 0.1)[0] < (1 - cost) * before
    assert shown > hidden


@pytest.mark.parametrize("lift", [0.0, 50.0])
def test_new_items_are_shown_as_often_however_high_their_scores_were(lift):
    pool = mixed_pool()
    expected = choose_exposure(ALONE, pool, 0.1)
    pool.parts[0] += lift * pool.is_new
    assert choose_exposure(ALONE, pool, 0.1) == pytest.approx(expected - lift)


def test_new_items_gain_nothing_where_only_one_kind_is_asked_about():
    pool = mixed_pool()
    for new in (False, True):
        assert choose_exposure(ALONE, pool.answered_by(new), 0.5) == 0.0


@pytest.mark.parametrize(("num_known", "expected"), [(9, 0.0), (10, 3.0)])
def test_new_items_need_nothing_where_known_ones_leave_places_free(num_known, expected):
    """Of ten places: to be level with the tenth known item, of -10, -13 lacks 3."""
    scores = np.tile([*-np.arange(1.0, num_known + 1), -13.0], (2, 1))
    is_new = np.tile(np.arange(num_known + 1) == num_known, (2, 1))
    places = np.array([0, num_known])
    pool = ScorePool([scores], is_new, np.arange(3), places)
    assert choose_exposure(ALONE, pool, 0.0) == expected


@pytest.fixture
def new_pool():
    """200 questions about new items, which the second part knows."""
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(200, 30)).astype(np.float32) for _ in range(3)]
    places = parts[1][:, :29].argmax(axis=1)
    parts[0][:, 29] = -np.inf  # may not come
    parts[1] = 100 * parts[1] + 7
    is_new = np.ones((200, 30), bool)
    return ScorePool(parts, is_new, np.arange(201), places)


@pytest.mark.parametrize("informs", [False, True])
def test_new_items_are_weighed_apart(new_pool, informs):
    blocks = [SimpleNamespace(informs_probability=each) for each in (False, informs)]
    known = Weighting(blocks=np.array([1.0, 0.0, 2.0], np.float32))
    found = weigh_new(known, new_pool, blocks)
    assert found.blocks.tolist() == known.blocks.tolist()
    before, after = blend(known, new_pool), blend(found, new_pool)
    assert new_pool.ndcg(after, 10) > 0.9 > 2 * new_pool.ndcg(before, 10)
    may_come = np.isfinite(before)
    np.testing.assert_allclose(
        [after[may_come].mean(), after[may_come].std()],
        [before[may_come].mean(), before[may_come].std()],
        rtol=1e-3,
    )
    assert (found.new_blocks[2] > 0) == informs


def test_new_items_keep_weights_that_no_others_beat(new_pool):
    """A weight that the grid does not have."""
    known = Weighting(blocks=np.array([1e-3, 1.0, 0.0], np.float32))
    assert new_pool.steady_ndcg(blend(known, new_pool)) == 1.0
    assert (
        weigh_new(known, new_pool, [SimpleNamespace(informs_probability=False)] * 2)
        is known
    )
