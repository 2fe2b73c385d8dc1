"""Tests of tfrec.data.log_counts and tfrec.data.fading against plain sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfrec.data.fading import recency, rise
from tfrec.data.log_counts import LogCounts

HOUR, WEEK = 3600, 7 * 86_400
START = 1_700_000_000
events = st.lists(
    st.tuples(st.sampled_from([2, 5, 9]), st.integers(0, 60 * 86_400)), min_size=1
)
moments = st.lists(st.integers(-5, 70 * 86_400), min_size=1, max_size=4)


def plain(log, item, time, half_life):
    """Sum over the item's strictly earlier events; of all items for None."""
    ages = [time - t for row, t in log if item in (row, None) and t < time]
    return sum(0.5 ** (age / half_life) for age in ages)


@given(events, moments)
def test_counts_are_sums_over_earlier_events(log, times):
    rows, seconds = (np.array(column) for column in zip(*log, strict=True))
    counts = LogCounts(rows, START + seconds)
    assert counts.rows.tolist() == sorted(set(rows.tolist()))
    asked = START + np.array(times)
    for found, half_life in zip(counts.at(asked), (HOUR, WEEK), strict=True):
        expected = [[plain(log, i, t, half_life) for i in counts.rows] for t in times]
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    expected = [plain(log, None, t, WEEK) for t in times]
    np.testing.assert_allclose(counts.total_at(asked), expected, rtol=1e-6)


def test_a_year_of_many_items_keeps_its_precision():
    """2^(t / h) of a year and an hour is far beyond any float."""
    rng = np.random.default_rng(0)
    rows, seconds = rng.integers(0, 500, 20_000), rng.integers(0, 365 * 86_400, 20_000)
    counts = LogCounts(rows, START + seconds)
    now = 364 * 86_400
    fast, slow = counts.at(np.array([START + now]))
    log = [*zip(rows.tolist(), seconds.tolist(), strict=True)]
    for item in (0, 250, 499):
        assert fast[0, item] == pytest.approx(plain(log, item, now, HOUR), rel=1e-5)
        assert slow[0, item] == pytest.approx(plain(log, item, now, WEEK), rel=1e-5)


def test_recency_is_by_days_or_by_the_span():
    times = START + np.array([0, 86_400, 172_800])
    np.testing.assert_allclose(recency(times, 2.0, 0.1), [0.5, 0.5**0.5, 1])
    np.testing.assert_allclose(recency(times, 0.0, 0.5), [0.25, 0.5, 1])
    assert recency(times * 0, 0.0, 0.1).tolist() == [1, 1, 1]


def test_rises_of_arrays_are_those_of_numbers():
    fast, slow = np.array([3.0, 0.0]), np.array([168.0, 168.0])
    # One is expected: (3 - 1) / sqrt(2) and (0 - 1) / sqrt(2).
    np.testing.assert_allclose(rise(fast, slow), [2**0.5, -(0.5**0.5)])
    assert rise(3.0, 168.0) == pytest.approx(2**0.5)
