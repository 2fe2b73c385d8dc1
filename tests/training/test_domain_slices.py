"""Slices of a report by the domain of what was chosen."""

import pandas as pd

from tests.data.logs import make_interactions
from tfrec.data.schema import Items
from tfrec.data.split import next_item_queries
from tfrec.training.evaluation import _by_domain


def test_by_domain():
    log = make_interactions(
        [("u", name, t, 0, "good") for t, name in enumerate("abcd")]
    )
    queries = next_item_queries(log, [0, 1, 3])

    def slices(*domains):
        frame = pd.DataFrame({"item_id": list("abcd"), "domain": domains})
        return {n: m.tolist() for n, m in _by_domain(Items(frame), queries).items()}

    assert slices("x", "x", "y", "") == {"domain x": [True, True, False]}
    assert slices("x", "y", "y", "x") == {
        "domain x": [True, False, True],
        "domain y": [False, True, False],
    }
    assert slices("x", "x", "x", "") == {}
