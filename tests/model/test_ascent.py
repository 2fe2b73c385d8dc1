"""Tests of tfrec.model.ascent."""

import numpy as np
import pytest

from tfrec.model.ascent import bagged_weights, choose_weights, spread
from tfrec.model.score_pool import ScorePool


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
    return ScorePool(parts, nowhere, np.arange(201), places, places)


def test_the_item_that_most_people_choose_does_not_decide_alone(fashion):
    def relative(weights):
        shares = weights * [spread(part) for part in fashion.parts]
        return shares / shares.sum()

    alone, _ = choose_weights(fashion.parts, fashion.steady_ndcg)
    bagged = bagged_weights(fashion, fashion.target_rows, seed=0)
    assert bagged.dtype == np.float32
    assert relative(alone)[2] < 0.8 * relative(bagged)[2]
    assert (
        bagged.tolist() == bagged_weights(fashion, fashion.target_rows, seed=0).tolist()
    )
    assert (
        bagged.tolist() != bagged_weights(fashion, fashion.target_rows, seed=1).tolist()
    )


def test_bags_do_not_depend_on_the_scale_of_a_part(fashion):
    expected = bagged_weights(fashion, fashion.target_rows, seed=0)
    fashion.parts[2] *= 1024
    found = bagged_weights(fashion, fashion.target_rows, seed=0)
    np.testing.assert_allclose(found * [1, 1, 1024], expected, rtol=1e-3)


def test_one_right_item_is_in_every_bag(fashion):
    pool = fashion.of_targets(fashion.target_rows == 0)
    weights, _ = choose_weights(pool.parts, pool.steady_ndcg)
    found = bagged_weights(pool, pool.target_rows, seed=0)
    np.testing.assert_allclose(found / found[0], weights, rtol=1e-5)
