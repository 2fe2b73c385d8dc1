"""Tests of serving.gateway.online_interests: against the toy, and by hand."""

import json
import math

import numpy as np
import pytest

from serving.gateway.feedback import Reaction, Reactions
from serving.gateway.online_interests import InterestKeeping, read_settings
from serving.user_states.memory import MemoryStates
from serving.user_states.store import StoreError
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.toy_artefact import (
    DAY_S,
    ITEM_IDS,
    VECTORS,
    embedding_oracle,
    ranking_oracle,
)
from tfrec.errors import ConfigError
from tfrec.inference.interest_decay import InterestSettings

SETTINGS = InterestSettings(
    learning_rate=0.5, half_life_s=100.0, half_life_events=2.0, long_term_share=0.25
)


def moved(vector, long_term, seconds, item_id, reward=1.0, rate=0.5):
    """One event, in plain Python: fade, then a step of logistic regression."""
    left = 0.5 ** (seconds / 100 + 1 / 2)
    vector = long_term + left * (vector - long_term)
    item = VECTORS[ITEM_IDS.index(item_id)].astype(float)
    error = reward - 1 / (1 + math.exp(-vector @ item))
    return vector + rate * error * item


@pytest.fixture(scope="module")
def states():
    return MemoryStates()


@pytest.fixture(scope="module")
def ask(states, target):
    with gateway_thread(states, target, settings=SETTINGS) as ask:
        yield ask


def post(ask, user_id, item_id, timestamp, kind="view"):
    body = {"user_id": user_id, "item_id": item_id, "timestamp": timestamp}
    assert ask("POST", "/v1/events", body | {"event": kind})[0] == 202


def test_a_vector_begins_as_the_history_and_follows_events(ask, states):
    post(ask, "ann", "a", 1000)
    answer = ask.recommend("ann", mode="interest", now=1000)
    assert (answer["reason_code"], answer["model_version"]) == ("interest", 1)
    long_term = embedding_oracle([("a", "view", 1.0, 1000)], now=1000)
    post(ask, "ann", "e", 1050)
    post(ask, "ann", "d", 1070)
    answer = ask.recommend("ann", mode="interest", now=1170)
    vector = moved(moved(long_term, long_term, 50, "e"), long_term, 20, "d")
    kept = states.get("ann").interest
    assert (kept.updates, kept.timestamp) == (2, 1070)
    np.testing.assert_allclose(kept.vector, vector, atol=1e-6)
    # 100 s later one half of what was learnt is left; the long term counts a quarter.
    asked = 0.25 * long_term + 0.5 * (vector - long_term)
    items = answer["items"]
    expected = ranking_oracle(asked, {"a", "e", "d"})
    assert [item["item_id"] for item in items] == expected
    score = VECTORS[ITEM_IDS.index(expected[0])] @ asked
    assert items[0]["score"] == pytest.approx(score, abs=1e-5)


def test_what_is_read_twice_moves_once(ask, states):
    post(ask, "bob", "a", 1000)
    ask.recommend("bob", mode="interest", now=1000)
    post(ask, "bob", "b", 1001)
    for now in (1002, 1003):
        ask.recommend("bob", mode="interest", now=now)
    assert states.get("bob").interest.updates == 1
    assert states.get("bob").pending == []


def test_a_late_event_counts_as_it_would_by_now(ask, states):
    post(ask, "cid", "a", 2000)
    ask.recommend("cid", mode="interest", now=2000)
    post(ask, "cid", "e", 1900)  # 100 s late: a step of half the size
    ask.recommend("cid", mode="interest", now=2000)
    long_term = embedding_oracle([("a", "view", 1.0, 2000)], now=2000)
    vector = moved(long_term, long_term, 0, "e", rate=0.25)
    kept = states.get("cid").interest
    assert kept.timestamp == 2000
    np.testing.assert_allclose(kept.vector, vector, atol=1e-6)


def test_a_clock_that_is_fast_makes_nothing_late(ask, states):
    post(ask, "fay", "a", 1000)
    ask.recommend("fay", mode="interest", now=1000)
    post(ask, "fay", "e", 1000 + 10 * int(DAY_S))
    ask.recommend("fay", mode="interest", now=1010)
    post(ask, "fay", "d", 1020)
    ask.recommend("fay", mode="interest", now=1020)
    long_term = embedding_oracle([("a", "view", 1.0, 1000)], now=1000)
    vector = moved(moved(long_term, long_term, 10, "e"), long_term, 10, "d")
    kept = states.get("fay").interest
    assert (kept.updates, kept.timestamp) == (2, 1020)
    np.testing.assert_allclose(kept.vector, vector, atol=1e-6)


def test_a_skip_moves_away(ask, states):
    post(ask, "dan", "a", 1000)
    ask.recommend("dan", mode="interest", now=1000)
    post(ask, "dan", "e", 1000, kind="skip")
    ask.recommend("dan", mode="interest", now=1000)
    long_term = embedding_oracle([("a", "view", 1.0, 1000)], now=1000)
    vector = moved(long_term, long_term, 0, "e", reward=0.0)
    np.testing.assert_allclose(states.get("dan").interest.vector, vector, atol=1e-6)


def test_a_kind_that_the_model_did_not_learn_moves_nothing(ask, states):
    post(ask, "gus", "a", 1000)
    ask.recommend("gus", mode="interest", now=1000)
    before = states.get("gus").interest.vector
    post(ask, "gus", "e", 1000, kind="shown")
    answer = ask.recommend("gus", mode="interest", now=1000)
    assert "e" not in [item["item_id"] for item in answer["items"]]
    np.testing.assert_array_equal(states.get("gus").interest.vector, before)


def test_people_without_events_get_what_they_always_get(ask):
    answer = ask.recommend("nobody", mode="interest")
    assert answer["reason_code"] == "cold_user"
    assert answer["items"] == ask.recommend("nobody")["items"]


@pytest.mark.parametrize("wish", ["query=sea", "explain=true"])
def test_a_vector_knows_no_words_and_no_events(ask, wish):
    post(ask, "eve", "a", int(DAY_S))
    path = f"/v1/users/eve/recommendations?mode=interest&{wish}"
    status, body = ask("GET", path)
    assert status == 422
    assert "must be left out with `mode=interest`" in body["detail"]
    assert ask("GET", "/v1/users/eve/recommendations?mode=guess")[0] == 422


class Model:
    """Embeds as many ones as it has versions."""

    version = 1

    def embed_query(self, history, now, user_text, user_features):
        return np.full(2, self.version, "float32")


def test_another_model_begins_another_vector():
    states, model = MemoryStates(), Model()
    states.append([event("ann", 1)])
    keeping = InterestKeeping(states, model, Reactions(), InterestSettings())
    keeping.query_vector("ann", states.get("ann"), 10)
    model.version = 2
    keeping.query_vector("ann", states.get("ann"), 10)
    kept = states.get("ann").interest
    assert (kept.model_version, kept.vector.tolist()) == (2, [2.0, 2.0])


def test_a_store_that_takes_nothing_costs_no_answer(monkeypatch, caplog):
    states = MemoryStates()
    states.append([event("ann", 1)])

    def fail(*_):
        raise StoreError("The disk is full.")

    monkeypatch.setattr(states, "keep_interest", fail)
    settings = InterestSettings(long_term_share=1.0)
    keeping = InterestKeeping(states, Model(), Reactions(), settings)
    assert keeping.query_vector("ann", states.get("ann"), 10).tolist() == [1.0, 1.0]
    assert "not be stored: The disk is full." in caplog.text


def test_what_speaks_against_an_item():
    reactions = Reactions(
        chosen_skip=Reaction("rating", 1.0), chosen_hiding=frozenset(["hide"])
    )
    kinds = [("rating", 1.0), ("rating", 5.0), ("hide", None), ("view", None)]
    assert [reactions.reward(*each) for each in kinds] == [0.0, 1.0, None, 1.0]


def test_settings_are_read(tmp_path):
    path = tmp_path / "interest.json"
    path.write_text(json.dumps({"learning_rate": 2, "half_life_s": 60}))
    assert read_settings(path) == InterestSettings(learning_rate=2, half_life_s=60)
    assert read_settings(None) == InterestSettings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ('{"rate": 1}', "unexpected keyword argument 'rate'"),
        ('{"half_life_s": "day"}', "cannot be read"),
        ('{"half_life_s": 0}', "half-lives above 0"),
        ('{"learning_rate": -1}', "numbers of at least 0"),
    ],
)
def test_settings_that_are_wrong(tmp_path, text, words):
    path = tmp_path / "interest.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        read_settings(path)
