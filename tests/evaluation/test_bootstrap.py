"""Tests of tfrec.evaluation.bootstrap."""

import numpy as np
import pytest

from tfrec.evaluation.bootstrap import intervals, paired_bootstrap, resampled_means


def test_interval_is_that_of_the_normal_distribution():
    """400 independent queries of spread 1: mean +- 1.96 / sqrt(400)."""
    values = np.random.default_rng(0).normal(size=(400, 1))
    [(low, high)] = intervals(values, np.arange(400), num_samples=4000)
    assert low == pytest.approx(values.mean() - 0.098, abs=0.01)
    assert high == pytest.approx(values.mean() + 0.098, abs=0.01)


def test_repeating_a_users_query_adds_no_certainty():
    """100 users with 25 equal queries each know what 100 queries know."""
    values = np.random.default_rng(0).normal(size=(100, 1))
    alone = intervals(values, np.arange(100))
    repeated = intervals(values.repeat(25, axis=0), np.arange(100).repeat(25))
    np.testing.assert_allclose(repeated, alone)


def test_users_weigh_as_much_as_their_queries():
    """One user of 3 queries at 1, one of 1 query at 0: a sample is 0, 3/4 or 1."""
    values, users = np.array([[1.0], [1.0], [1.0], [0.0]]), np.array([7, 7, 7, 2])
    means = resampled_means(values, users, num_samples=200)
    assert set(means.ravel()) == {0.0, 0.75, 1.0}


def test_samples_beyond_one_block():
    assert resampled_means(np.ones((3, 2)), np.arange(3), 250).shape == (250, 2)


def test_a_constant_gain_is_certain():
    a = np.random.default_rng(0).normal(size=50)
    comparison = paired_bootstrap(a + 0.5, a, num_samples=999)
    assert comparison.difference == pytest.approx(0.5)
    assert comparison.interval == pytest.approx((0.5, 0.5))
    assert comparison.p == pytest.approx(2 / 1000)


def test_no_difference_has_p_1():
    a = np.random.default_rng(0).normal(size=50)
    assert paired_bootstrap(a, a).p == 1.0


def test_p_of_a_t_test():
    """Mean gain of two standard errors: p = 0.0455 two-sided."""
    gains = np.random.default_rng(0).normal(size=900)
    gains = (gains - gains.mean()) / gains.std() + 2 / 30
    comparison = paired_bootstrap(gains, np.zeros(900), num_samples=20000)
    assert comparison.p == pytest.approx(0.0455, abs=0.01)


def test_different_queries():
    with pytest.raises(ValueError, match="Received: 2 and 3 queries"):
        paired_bootstrap(np.zeros(2), np.zeros(3))
