"""Tests of tfrec.experiments.sequential and differences: what chance may do."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from benchmarks.peeking import arriving, ever_significant, returning
from tfrec.evaluation.ratios import Ratio, ratio_of_sums
from tfrec.experiments.differences import difference_of
from tfrec.experiments.sequential import always_valid_interval, always_valid_p

POSITIVE = st.floats(1e-6, 1e3)


@pytest.mark.parametrize("difference", [0.0, 0.1, -0.25])
def test_p_is_the_inverse_of_the_mixed_likelihood_ratio(difference):
    variance, mixing = 0.004, 0.02

    def ratio_at(effect):
        likely = stats.norm.pdf(difference, effect, math.sqrt(variance))
        return likely * stats.norm.pdf(effect, 0, math.sqrt(mixing))

    mixed = integrate.quad(ratio_at, -2, 2, points=[0, difference])[0]
    ratio = mixed / stats.norm.pdf(difference, 0, math.sqrt(variance))
    found = always_valid_p(difference, variance, mixing)
    assert found == pytest.approx(min(1, 1 / ratio), rel=1e-6)


@given(st.floats(-10, 10), POSITIVE, POSITIVE)
def test_the_interval_excludes_nothing_else_than_p(difference, variance, mixing):
    low, high = always_valid_interval(difference, variance, mixing)
    p = always_valid_p(difference, variance, mixing)
    assert low < difference < high
    assert 0 <= p <= 1
    if not 0.0499 < p < 0.0501:
        assert (low > 0 or high < 0) == (p < 0.05)


@pytest.mark.parametrize("people", [arriving, returning])
def test_peeking_does_not_make_differences(people):
    """In 300 experiments without a difference, looked at 20 times each."""
    rng = np.random.default_rng(1)
    runs = [ever_significant(people(rng)) for _ in range(300)]
    always, once = np.mean(runs, axis=0)
    # 0.05 and three standard errors of 300 experiments: 0.05 + 3 x 0.0126
    assert always <= 0.088
    assert once >= 0.1  # what it is for


def test_true_differences_are_found():
    rng = np.random.default_rng(2)
    found = [ever_significant(arriving(rng, effect=0.05))[0] for _ in range(40)]
    assert np.mean(found) > 0.8


def test_intervals_cover_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(400):
        lists = rng.integers(1, 6, 200)
        clicks = rng.binomial(lists, rng.beta(2, 8, 200))
        low, high = ratio_of_sums(clicks, lists).interval
        covered.append(low <= 0.2 <= high)
    assert 0.92 <= np.mean(covered) <= 0.98  # 0.95 and three standard errors


def test_people_with_many_lists_are_one_observation_each():
    # Five people with 10 lists each, either all clicked or none: as good as 5 lists.
    clicks, lists = np.array([10, 0, 10, 0, 0]), np.full(5, 10)
    ratio = ratio_of_sums(clicks, lists)
    values = clicks / 10
    assert ratio.value == 0.4
    assert ratio.variance == pytest.approx(values.var(ddof=1) / 5)
    again = ratio_of_sums(np.repeat(clicks, 3), np.repeat(lists, 3))
    assert again.variance < ratio.variance


def test_the_ordinary_p_is_welchs():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0, 1, 12), rng.normal(0.5, 2, 8)
    ours = difference_of(*(ratio_of_sums(x, np.ones(len(x))) for x in (a, b)))
    theirs = stats.ttest_ind(a, b, equal_var=False)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert ours.interval == pytest.approx(theirs.confidence_interval())


def test_what_cannot_be_compared_says_why():
    some = ratio_of_sums([1, 0], [1, 1])
    assert "nothing to divide by" in difference_of(some, ratio_of_sums([], [])).note
    one = difference_of(ratio_of_sums([1], [2]), some)
    assert (one.difference, one.interval, one.p) == (0.0, None, None)
    assert "one person" in one.note
    same = difference_of(ratio_of_sums([1, 1], [1, 1]), ratio_of_sums([0, 0], [1, 1]))
    assert same.difference == 1.0
    assert same.relative is None
    assert same.always_valid_p is None
    assert "no variation" in same.note
    assert same.verdict == "open"
    few = difference_of(Ratio(2, 1e-8, 90), Ratio(1, 1e-8, 19))
    assert few.p < 1e-6
    assert few.always_valid_p is few.always_valid_interval is None
    assert "fewer than 20 people" in few.note
    thirds = ratio_of_sums(np.full(90, 0.1) * 3, np.full(90, 0.3) * 10)
    assert "no variation" in difference_of(thirds, thirds).note
    assert difference_of(Ratio(2, 1e-8, 90), Ratio(1, 1e-8, 90)).verdict == "higher"
    assert difference_of(Ratio(1, 1e-8, 90), Ratio(2, 1e-8, 90)).verdict == "lower"
