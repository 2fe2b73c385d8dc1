"""Tests of tfrec.model.blend."""

from types import SimpleNamespace

import numpy as np
import pytest

from tfrec.model.blend import blend, bonus_of_new, choose_weights, weigh_new
from tfrec.model.score_pool import ScorePool
from tfrec.model.weighting import Weighting


def test_finds_the_block_that_knows():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(50, 20))
    noise = rng.normal(size=(50, 20))
    scores = [noise, 1000 * truth, rng.normal(size=(50, 20))]

    def measure(blended):
        return float((blended.argmax(axis=1) == truth.argmax(axis=1)).mean())

    weights, value = choose_weights(scores, measure)
    assert value > measure(noise)
    blended = sum(weight * each for weight, each in zip(weights, scores, strict=True))
    assert measure(blended) == value
    assert weights[0] == 1.0


def test_useless_block_weighs_nothing():
    truth = np.eye(6)
    weights, _ = choose_weights(
        [truth, -truth], lambda s: float((s.argmax(1) == range(6)).mean())
    )
    assert weights.tolist() == [1.0, 0.0]


def test_struck_items_stay_struck():
    scores = np.array([[1.0, -np.inf]])
    weights, _ = choose_weights(
        [scores, np.array([[0.0, 5.0]])], lambda blended: float(blended[0].argmax())
    )
    assert np.isfinite(weights).all()


def share_of_new(scores, is_new, k):
    shown = np.argsort(-scores, axis=1)[:, :k]
    return np.take_along_axis(is_new, shown, axis=1).mean()


def test_new_items_get_their_share_of_the_places():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(200, 50))
    is_new = np.broadcast_to(np.arange(50) < 20, scores.shape)
    scores -= 4 * is_new  # hardly any in the lists
    scores[rng.random(scores.shape) < 0.1] = -np.inf
    for share in (0.05, 0.2):
        bonus = bonus_of_new(scores, is_new, share, k=5)
        # All that lacked at most the bonus are level with what they displace.
        found = share_of_new(scores + (bonus + 1e-9) * is_new, is_new, 5)
        np.testing.assert_allclose(found, share, atol=1e-3)
        assert share_of_new(scores + 0.9 * bonus * is_new, is_new, 5) < share


def test_new_items_that_are_shown_enough_get_nothing():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(50, 30))
    is_new = np.broadcast_to(np.arange(30) < 15, scores.shape)
    assert bonus_of_new(scores, is_new, 0.3, k=5) == 0
    assert bonus_of_new(scores - 9 * is_new, is_new, 0.0, k=5) == 0
    assert bonus_of_new(scores, np.zeros_like(is_new), 0.3, k=5) == 0


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
