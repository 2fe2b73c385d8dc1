"""Tests of tfrec.model.blend."""

import numpy as np

from tfrec.model.blend import choose_weights


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
