"""Tests of tfrec.hybrid.weights."""

import numpy as np

from tfrec.hybrid.weights import Weighting

WEIGHTING = Weighting(
    blocks=np.array([2.0, 0.0, 1.0, 0.0]),
    new_blocks=np.array([1.0, 0.0, 4.0, 3.0]),
    own=(1.0, 2.0, 0.0),
    bias=-1.0,
    new_level=0.5,
    exposure=0.25,
    intercept=7.0,
)


def test_both_sides_together_are_the_weights():
    assert WEIGHTING.asked.tolist() == [2.0, 0.0, 4.0, 3.0]
    assert WEIGHTING.shares.tolist() == [[1, 1, 0.25, 0], [0.5, 1, 1, 1]]
    np.testing.assert_allclose(WEIGHTING.asked * WEIGHTING.shares, WEIGHTING.both)


def test_new_items_count_alike_unless_told_otherwise():
    alike = Weighting(blocks=np.array([2.0, 0.5]))
    assert alike.both.tolist() == [[2.0, 0.5], [2.0, 0.5]]
    assert alike.shares.tolist() == [[1, 1], [1, 1]]


def test_a_block_stays_if_it_counts_for_either():
    kept = WEIGHTING.without_useless()
    assert kept.both.tolist() == [[2.0, 1.0, 0.0], [1.0, 4.0, 3.0]]
    assert kept.own == WEIGHTING.own


def test_times():
    twice = WEIGHTING.times(2.0)
    np.testing.assert_allclose(twice.both, 2 * WEIGHTING.both)
    assert twice.own == (2.0, 4.0, 0.0)
    assert (twice.bias, twice.new_level, twice.exposure) == (-2.0, 1.0, 0.5)
    assert twice.intercept == 7.0  # no part of the score
