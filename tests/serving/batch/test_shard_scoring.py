"""Tests of serving.batch.shard_scoring: what the model is told of a log."""

import types

import numpy as np
import pandas as pd
import pytest

from serving.batch import shard_scoring
from serving.batch.shard_scoring import (
    BatchScorer,
    ListRules,
    UserLogs,
    queries_at_end,
)

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


def test_events_strictly_before_a_query():
    """Counted one by one, among few times and sequences, so that many are equal."""
    rng = np.random.default_rng(0)

    def draw(size, users):
        columns = {"user_id": rng.choice(users, size), "item_id": "i", "event": "view"}
        order = {name: rng.integers(0, 4, size) for name in ("timestamp", "sequence")}
        return pd.DataFrame({**columns, "value": 1.0, **order})

    events = draw(60, ["ann", "bob", "cem"]).sort_values(["timestamp", "sequence"])
    queries = draw(40, ["ann", "bob", "cem", "nobody"])
    starts, ends = UserLogs(events).spans(queries)
    expected = [
        sum(
            event.user_id == query.user_id
            and (event.timestamp, event.sequence) < (query.timestamp, query.sequence)
            for event in events.itertuples()
        )
        for query in queries.itertuples()
    ]
    assert (ends - starts).tolist() == expected


class CountingModel(Model):
    """Recommends the number of events that it is told of."""

    def run(self, name, inputs):
        counts = np.count_nonzero(inputs["history_item_ids"] != "", axis=1)
        self.told.setdefault("counts", []).append(counts.tolist())
        scores = np.zeros([len(counts), 1], "f4")
        names = counts[:, None].astype("S").astype(object)
        return {"item_ids": names, "scores": scores, "probabilities": scores}


def test_histories_alike_in_length_are_one_batch(monkeypatch):
    """Five users in batches of two; the answers come in the order of the queries."""
    monkeypatch.setattr(shard_scoring, "BATCH_QUERIES", 2)
    users = ["a"] * 3 + ["b"] * 7 + ["d"] * 2 + ["e"] * 3  # nobody knows c
    events = {"user_id": users, "item_id": "i", "event": "view", "value": 1.0}
    times = [*range(3), *range(7), *range(2), *range(3)]
    frame = pd.DataFrame(events | {"timestamp": times, "sequence": 0})
    queries = pd.DataFrame({"user_id": list("abcde"), "timestamp": 5, "sequence": 0})
    queries["query_id"] = queries["position"] = range(5)
    model = CountingModel()
    scorer = BatchScorer(model, ListRules(k=1))
    (answer,) = scorer.score(queries, UserLogs(frame), {})
    assert answer["position"].to_pylist() == [0, 1, 2, 3, 4]
    assert answer["item_id"].to_pylist() == ["3", "5", "0", "2", "3"]
    assert model.told["counts"] == [[0, 2], [3, 3], [5]]


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
    scorer = BatchScorer(model, ListRules(k=3))
    (answer,) = scorer.score(queries_at_end(logs, 9, 0), logs, {})
    assert answer.num_rows == 0
    assert model.told["history_item_ids"][0, 1:].tolist() == told
    assert model.told["exclude_item_ids"][0, 1:].tolist() == excluded


@pytest.mark.parametrize("people", ["", "people"])
def test_nobody_is_recommended_to_themselves(people):
    """Where the manifest says that users are items."""
    model = Model(config={"data": {"people": people}})
    scorer = BatchScorer(model, ListRules(k=3, allow_repeats=True))
    log = pd.DataFrame(EVENTS[:1], columns=["item_id", "event"])
    log = log.assign(user_id="ann", timestamp=5, sequence=0, value=1.0)
    logs = UserLogs(log)
    list(scorer.score(queries_at_end(logs, 9, 0), logs, {}))
    excluded = {*model.told["exclude_item_ids"].ravel()} - {""}
    assert excluded == ({"ann"} if people else set())


def test_lists_are_of_the_domains_that_are_asked_for():
    """An older model does not have the input, and is not asked for all domains."""
    log = pd.DataFrame(EVENTS[:1], columns=["item_id", "event"])
    logs = UserLogs(log.assign(user_id="ann", timestamp=5, sequence=0, value=1.0))
    for domains, told in ((("posts", "people"), ["", "posts", "people"]), ((), None)):
        model = Model()
        scorer = BatchScorer(model, ListRules(k=3, domains=domains))
        list(scorer.score(queries_at_end(logs, 9, 0), logs, {}))
        found = model.told.get("domain")
        assert (found if found is None else found[0].tolist()) == told
