"""Tests of serving.batch.shard_scoring: what the model is told of a log."""

import types

import numpy as np
import pandas as pd
import pytest

from serving.batch.shard_scoring import BatchScorer, UserLogs, queries_at_end

EVENTS = [("a", "view"), ("b", "shown"), ("c", "view"), ("d", "shown"), ("e", "skip")]
KINDS = {"view": {}, "skip": {}}


class Model:
    """Notes what it is asked, and recommends nothing."""

    def __init__(self, **manifest):
        facts = {"signatures": {"recommend": None}, "manifest": manifest}
        self.artefact, self.told = types.SimpleNamespace(**facts), {}

    def run(self, name, inputs):
        self.told = inputs
        names = ("item_ids", "scores", "probabilities")
        return {
            name: np.zeros([1, 0], "S1" if name == "item_ids" else "f4")
            for name in names
        }


@pytest.mark.parametrize(
    ("manifest", "told", "excluded"),
    [
        ({"max_history_length": 2, "events": KINDS}, ["c", "e"], ["a", "b", "d"]),
        ({"max_history_length": 9, "events": KINDS}, ["a", "c", "e"], ["b", "d"]),
        ({"events": KINDS}, ["a", "c", "e"], ["b", "d"]),
        ({"max_history_length": 2}, ["d", "e"], ["a", "b", "c"]),  # an older model
    ],
)
def test_unknown_kinds_take_no_place_but_hide(manifest, told, excluded):
    frame = pd.DataFrame(EVENTS, columns=["item_id", "event"])
    more = {"user_id": "ann", "value": 1.0, "timestamp": range(5), "sequence": 0}
    logs, model = UserLogs(frame.assign(**more)), Model(**manifest)
    scorer = BatchScorer(model, k=3, allow_repeats=False)
    (answer,) = scorer.score(queries_at_end(logs, 9, 0), logs, {})
    assert answer.num_rows == 0
    assert model.told["history_item_ids"][0, 1:].tolist() == told
    assert model.told["exclude_item_ids"][0, 1:].tolist() == excluded
