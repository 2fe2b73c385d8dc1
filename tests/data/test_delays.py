"""Tests of tfrec.data.delays, against a look at every event."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.data.logs import make_interactions, places
from tfrec.data.delays import delayed, frozen
from tfrec.data.split import next_item_queries

events = st.tuples(
    st.sampled_from(["u1", "u2", "u3"]),
    st.sampled_from(["a", "b"]),
    st.integers(0, 8),
    st.integers(0, 1),
    st.just("good"),
)
logs = st.lists(events, min_size=1, max_size=20)


def all_queries(rows):
    log = make_interactions(rows)
    return next_item_queries(log, np.arange(len(log)))


def told(queries, i):
    return places(queries.interactions, queries.history(i))


@given(logs, st.integers(0, 9))
def test_late_events_are_missing(rows, delay_s):
    live = all_queries(rows)
    late = delayed(live, delay_s)
    for i, now in enumerate(live.timestamps):
        seen = [p for p in told(live, i) if rows[p][2] <= now - delay_s]
        assert told(late, i) == seen


@given(logs, st.integers(-1, 10))
def test_nothing_is_known_of_what_came_after(rows, moment):
    live = all_queries(rows)
    old = frozen(live, moment)
    for i in range(len(live)):
        assert told(old, i) == [p for p in told(live, i) if rows[p][2] < moment]


def test_without_a_delay_nothing_is_missing():
    live = all_queries([("u", "a", 5, 0, "good"), ("u", "b", 5, 1, "good")])
    assert told(delayed(live, 0), 1) == [0]
