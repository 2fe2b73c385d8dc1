"""Tests of tfrec.hybrid.weight_search."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

from tfrec.hybrid.candidate_pool import CandidatePool
from tfrec.hybrid.weight_search import (
    bagged_weights,
    blend,
    choose_new_item_weights,
    coordinate_ascent,
    spread,
)
from tfrec.hybrid.weights import Weights


def of_each(metric):
    """`coordinate_ascent` asks for all shares at once."""
    return lambda first, second, shares: [metric(first + s * second) for s in shares]


def test_finds_the_part_that_knows():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(50, 20))
    noise = rng.normal(size=(50, 20))
    scores = [noise, 1000 * truth, rng.normal(size=(50, 20))]

    def metric(blended):
        return float((blended.argmax(axis=1) == truth.argmax(axis=1)).mean())

    weights = coordinate_ascent(scores, of_each(metric))
    blended = sum(weight * each for weight, each in zip(weights, scores, strict=True))
    assert metric(blended) > 0.9 > metric(noise)
    assert weights[0] == 1.0


def test_useless_part_weighs_nothing():
    truth = np.eye(6)
    weights = coordinate_ascent(
        [truth, -truth], of_each(lambda s: float((s.argmax(1) == range(6)).mean()))
    )
    assert weights.tolist() == [1.0, 0.0]


def test_struck_items_stay_struck():
    scores = [np.array([[1.0, -np.inf]]), np.array([[0.0, 5.0]])]
    weights = coordinate_ascent(scores, of_each(lambda s: float(s[0].argmax())))
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

    alone = coordinate_ascent(fashion.parts, of_lists_of_ten(fashion))
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
    weights = coordinate_ascent(pool.parts, of_lists_of_ten(pool))
    found = bagged_weights(pool, pool.target_rows, seed=0)
    np.testing.assert_allclose(found / found[0], weights, rtol=1e-5)


@pytest.fixture
def new_pool():
    """200 questions about new items, which the second part knows."""
    rng = np.random.default_rng(0)
    parts = [rng.normal(size=(200, 30)).astype(np.float32) for _ in range(3)]
    places = parts[1][:, :29].argmax(axis=1)
    parts[0][:, 29] = -np.inf  # may not come
    parts[1] = 100 * parts[1] + 7
    is_new = np.ones((200, 30), bool)
    return CandidatePool(parts, is_new, np.arange(201), places, places)


@pytest.mark.parametrize("informs", [False, True])
def test_new_items_are_weighed_apart(new_pool, informs):
    scorers = [SimpleNamespace(informs_probability=each) for each in (False, informs)]
    known = Weights(of_known_items=np.array([1.0, 0.0, 2.0], np.float32))
    found = choose_new_item_weights(known, new_pool, scorers, seed=0)
    assert found.of_known_items.tolist() == known.of_known_items.tolist()
    before, after = blend(known, new_pool), blend(found, new_pool)
    assert new_pool.ndcg(after, 10) > 0.9 > 2 * new_pool.ndcg(before, 10)
    may_come = np.isfinite(before)
    np.testing.assert_allclose(
        [after[may_come].mean(), after[may_come].std()],
        [before[may_come].mean(), before[may_come].std()],
        rtol=1e-3,
    )
    assert (found.of_new_items[2] > 0) == informs
