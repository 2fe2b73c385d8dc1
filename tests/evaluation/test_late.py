"""Tests of tfrec.evaluation.late."""

import numpy as np
import pytest

from tests.evaluation.logs import make_log
from tfrec.data.split import next_item_queries
from tfrec.evaluation.late import FROZEN, LIVE, late_versions

ITEMS = 4


class LastItemPlusOne:
    """Expects the item after the last one it is told of; 0 for nobody's history."""

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
