"""Tests of serving.user_states.counts against plain sums."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.user_states.counts import ALL_ITEMS, Levels, count_at, merge, tally
from tests.contracts.user_states import event
from tfrec.data.fading import FAST_S, SLOW_S

NOW = 1_700_000_000
AGES = st.lists(st.integers(0, 30 * FAST_S), min_size=1, max_size=30)


def plain_sum(ages, half_life_s):
    return sum(0.5 ** (age / half_life_s) for age in ages)


@given(AGES, st.integers(0, 10 * FAST_S))
def test_counts_are_plain_sums_in_any_order(ages, later_s):
    """Events are added one by one, as they come, and counted some time later."""
    levels = {}
    for age in ages:
        merge(levels, tally([event("ann", NOW - age)], NOW))
    found, of_all = levels.values()
    assert found == of_all  # there is no other item
    ages = [age + later_s for age in ages]
    now = NOW + later_s
    assert found.fast_count(now) == pytest.approx(plain_sum(ages, FAST_S), rel=1e-6)
    assert found.slow_count(now) == pytest.approx(plain_sum(ages, SLOW_S), rel=1e-6)


def test_a_hundred_thousand_events_lose_nothing():
    level = Levels.at(NOW)
    for _ in range(100_000 - 1):
        level = level.plus(Levels.at(NOW))
    assert level.fast_count(NOW) == pytest.approx(100_000, rel=1e-4)
    assert level.fast_count(NOW + FAST_S) == pytest.approx(50_000, rel=1e-4)


def test_each_kind_of_each_item_counts_by_itself():
    events = [event("ann", NOW, "a"), event("bob", NOW, "a", event="buy")]
    events += [event("cid", NOW, "b"), event("cid", NOW, "b")]
    events += [event("cid", NOW, "", text="a search", event="search")]
    counted = tally(events, NOW)
    counts = {key: each.fast_count(NOW) for key, each in counted.items()}
    expected = {("", "a"): 1, ("buy", "a"): 1, ("", "b"): 2}
    expected |= {("", ALL_ITEMS): 3, ("buy", ALL_ITEMS): 1}
    assert counts == pytest.approx(expected)


def test_an_event_of_the_future_counts_as_one_of_now():
    now = time.time()
    levels, _ = tally([event("ann", int(now) + 10**9)], now).values()
    assert levels.slow_count(now) == pytest.approx(1)


@pytest.mark.parametrize("now", [1, NOW + 10**9])
def test_any_moment_has_a_finite_count(now):
    assert math.isfinite(count_at(NOW / FAST_S, FAST_S, now))
