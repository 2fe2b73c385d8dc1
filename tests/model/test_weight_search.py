"""Tests of tfrec.hybrid.weight_search."""

import functools

import numpy as np
import pytest

from tfrec.hybrid.candidate_pool import CandidatePool
from tfrec.hybrid.weight_search import bagged_weights, choose_weights, spread


def of_each(metric):
    """`choose_weights` asks for all shares at once."""
    return lambda first, second, shares: [metric(first + s * second) for s in shares]


def test_finds_the_block_that_knows():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(50, 20))
    noise = rng.normal(size=(50, 20))
    scores = [noise, 1000 * truth, rng.normal(size=(50, 20))]

    def metric(blended):
        return float((blended.argmax(axis=1) == truth.argmax(axis=1)).mean())

    weights = choose_weights(scores, of_each(metric))
    blended = sum(weight * each for weight, each in zip(weights, scores, strict=True))
    assert metric(blended) > 0.9 > metric(noise)
    assert weights[0] == 1.0


def test_useless_block_weighs_nothing():
    truth = np.eye(6)
    weights = choose_weights(
        [truth, -truth], of_each(lambda s: float((s.argmax(1) == range(6)).mean()))
    )
    assert weights.tolist() == [1.0, 0.0]


def test_struck_items_stay_struck():
    scores = [np.array([[1.0, -np.inf]]), np.array([[0.0, 5.0]])]
    weights = choose_weights(scores, of_each(lambda s: float(s[0].argmax())))
    assert np.isfinite(weights).all()


@pytest.fixture
def fashion():
    """200 questions: 160 about item 0, the others about 20 items in turn.

    The first part knows nothing, the second loves item 0, the third knows the others.
    """
    rng = np.random.default_rng(0)
    places = np.where(np.arange(200) < 160, 0, 1 + np.arange(200) % 20)
    parts = [rng.normal(size=(200, 40)).astype(np.float32) for _ in range(3)]
    parts[1][:, 0] += 3.0
    parts[2][np.arange(160, 200), places[160:]] += 2.0
    nowhere = np.zeros((200, 40), bool)
    return CandidatePool(parts, nowhere, np.arange(201), places, places)


def of_lists_of_ten(pool):
    return functools.partial(pool.ndcg_of_blends, k=10)


def test_the_item_that_most_people_choose_does_not_decide_alone(fashion):
    def relative(weights):
        shares = weights * [spread(part) for part in fashion.parts]
        return shares / shares.sum()

    def bagged(seed):
        return bagged_weights(fashion, fashion.target_rows, seed)

    alone = choose_weights(fashion.parts, of_lists_of_ten(fashion))
    assert bagged(0).dtype == np.float32
    assert relative(alone)[2] < 0.8 * relative(bagged(0))[2]
    assert bagged(0).tolist() == bagged(0).tolist()
    assert bagged(0).tolist() != bagged(1).tolist()


def test_bags_do_not_depend_on_the_scale_of_a_part(fashion):
    expected = bagged_weights(fashion, fashion.target_rows, seed=0)
    fashion.parts[2] *= 1024
    found = bagged_weights(fashion, fashion.target_rows, seed=0)
    np.testing.assert_allclose(found * [1, 1, 1024], expected, rtol=1e-3)


def test_one_right_item_is_in_every_bag(fashion):
    pool = fashion.of_targets(fashion.target_rows == 0)
    weights = choose_weights(pool.parts, of_lists_of_ten(pool))
    found = bagged_weights(pool, pool.target_rows, seed=0)
    np.testing.assert_allclose(found / found[0], weights, rtol=1e-5)
