"""Tests of tfrec.hybrid.weights."""

import numpy as np

from tfrec.hybrid.weights import Weights

WEIGHTING = Weights(
    of_known_items=np.array([2.0, 0.0, 1.0, 0.0]),
    of_new_items=np.array([1.0, 0.0, 4.0, 3.0]),
    repeat=(1.0, 2.0, 0.0),
    bias=-1.0,
    new_level=0.5,
    new_item_boost=0.25,
    intercept=7.0,
)


def test_both_sides_together_are_the_weights():
    assert WEIGHTING.query_weights.tolist() == [2.0, 0.0, 4.0, 3.0]
    assert WEIGHTING.candidate_scale.tolist() == [[1, 1, 0.25, 0], [0.5, 1, 1, 1]]
    np.testing.assert_allclose(
        WEIGHTING.query_weights * WEIGHTING.candidate_scale, WEIGHTING.stacked
    )


def test_new_items_count_alike_unless_told_otherwise():
    alike = Weights(of_known_items=np.array([2.0, 0.5]))
    assert alike.stacked.tolist() == [[2.0, 0.5], [2.0, 0.5]]
    assert alike.candidate_scale.tolist() == [[1, 1], [1, 1]]


def test_a_scorer_stays_if_it_counts_for_either():
    kept = WEIGHTING.without_useless()
    assert kept.stacked.tolist() == [[2.0, 1.0, 0.0], [1.0, 4.0, 3.0]]
    assert kept.repeat == WEIGHTING.repeat


def test_times():
    twice = WEIGHTING.times(2.0)
    np.testing.assert_allclose(twice.stacked, 2 * WEIGHTING.stacked)
    assert twice.repeat == (2.0, 4.0, 0.0)
    assert (twice.bias, twice.new_level, twice.new_item_boost) == (-2.0, 1.0, 0.5)
    assert twice.intercept == 7.0  # no part of the score
