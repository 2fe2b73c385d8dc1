"""Tests of tfrec.evaluation.late."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.logs import make_interactions, places
from tests.evaluation.logs import make_log
from tfrec.data.split import next_item_queries
from tfrec.evaluation.late import FROZEN, LIVE, delayed, frozen, late_versions

ITEMS = 4
events = st.tuples(
    st.sampled_from(["u1", "u2", "u3"]),
    st.sampled_from(["a", "b"]),
    st.integers(0, 8),
    st.integers(0, 1),
    st.just("good"),
)
logs = st.lists(events, min_size=1, max_size=20)


class LastItemPlusOne:
    """Expects the item after the last one of the history; 0 for nobody's history."""

    name = "plus one"

    def score(self, queries):
        scores = np.zeros((len(queries), ITEMS), np.float32)
        for i in range(len(queries)):
            rows = queries.interactions.item_rows[queries.history(i)]
            scores[i, (rows[-1] + 1) % ITEMS if len(rows) else 0] = 1
        return scores


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        (LIVE, [1, 2, 3]),
        ("1 minute", [0, 2, 3]),
        ("1 hour", [0, 2, 3]),
        ("1 day", [0, 0, 3]),
        ("1 week", [0, 0, 0]),
        (FROZEN, [1, 1, 1]),
    ],
)
def test_what_each_version_expects(version, expected):
    """One item after the other: 30 seconds, two hours and two days apart."""
    times = np.cumsum([0, 30, 7200, 2 * 86_400])
    log = make_log([(0, item, t) for item, t in enumerate(times)], ITEMS, 1)
    queries = next_item_queries(log, np.arange(1, ITEMS))
    late = late_versions(LastItemPlusOne(), cut=1)[version]
    assert late.score(queries).argmax(axis=1).tolist() == expected


def all_queries(rows):
    log = make_interactions(rows)
    return next_item_queries(log, np.arange(len(log)))


def known_to(queries, i):
    return places(queries.interactions, queries.history(i))


@given(logs, st.integers(0, 9))
def test_late_events_are_missing(rows, delay_s):
    live = all_queries(rows)
    late = delayed(live, delay_s)
    for i, now in enumerate(live.timestamps):
        seen = [p for p in known_to(live, i) if rows[p][2] <= now - delay_s]
        assert known_to(late, i) == seen


@given(logs, st.integers(-1, 10))
def test_nothing_is_known_of_what_came_after(rows, moment):
    live = all_queries(rows)
    old = frozen(live, moment)
    for i in range(len(live)):
        assert known_to(old, i) == [p for p in known_to(live, i) if rows[p][2] < moment]


def test_without_a_delay_nothing_is_missing():
    live = all_queries([("u", "a", 5, 0, "good"), ("u", "b", 5, 1, "good")])
    assert known_to(delayed(live, 0), 1) == [0]
