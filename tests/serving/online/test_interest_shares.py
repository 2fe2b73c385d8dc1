"""Tests of serving.gateway.interest_shares: by hand, and over HTTP against the toy."""

import contextlib
import math

import grpc
import numpy as np
import pandas as pd
import pytest

from serving.gateway.interest_shares import DAY_S, Interests
from serving.gateway.recommendations import NoAnswerError
from serving.gateway.titles import ItemTitles
from serving.user_states.memory import MemoryStates
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.online.interest_model import InterestModel
from tests.serving.toy_artefact import CATEGORIES, ITEM_IDS, VECTORS
from tfrec.protocol.status import RequestError

HISTORY = [("a", "view", 1.0, 1), ("c", "view", 1.0, 3)]


@pytest.fixture
def catalogue(tmp_path):
    """Films of which `a` has two categories, `c` one, `d` none."""
    table = {"item_id": ["a", "c", "d"], "title": ["A", "C", ""]}
    table["category"] = ["sea|war", "sea", ""]
    table["keywords"] = ["ship|storm", "ship", ""]
    table["topic"] = ["ships, waves", "ships, waves", ""]
    pd.DataFrame(table).to_parquet(tmp_path / "items.parquet")
    return ItemTitles(tmp_path / "items.parquet")


def test_shares_by_hand(catalogue):
    items, categories, *_ = Interests(InterestModel(), catalogue).of_history(HISTORY, 9)
    # a: (0.8 * 0.25 + 0.4 * 1) / 1.2 = 0.5; c: 0.8 * 0.75 / 1.2 = 0.5
    assert [(i.item_id, i.title) for i in items] == [("a", "A"), ("c", "C")]
    assert [i.weight for i in items] == pytest.approx([0.5, 0.5])
    # sea: half of a's and all of c's
    assert [c.name for c in categories] == ["sea", "war"]
    assert [c.weight for c in categories] == pytest.approx([0.75, 0.25])


def test_keywords_and_topics_have_an_items_whole_weight(catalogue):
    found = Interests(InterestModel(), catalogue).of_history(HISTORY, 9)
    told = [(each.name, pytest.approx(each.weight)) for each in found.keywords]
    assert told == [("ship", 1.0), ("storm", 0.5)]  # a and c weigh half each
    assert [(t.name, pytest.approx(t.weight)) for t in found.topics] == [
        ("ships, waves", 1.0)
    ]
    assert {t.day_ago for t in found.topics + found.keywords} == {0.0}


class MomentModel(InterestModel):
    """Lets events count by their age, and notes what was asked when."""

    def __init__(self, longest=math.inf):
        super().__init__()
        self.asked, self._longest = [], longest

    def explain(self, item_ids, history, now, **texts):
        self.asked.append(([event[0] for event in history], now))
        ages = [now - event[3] for event in history]
        counts = [1.0 / age if age < self._longest else 0.0 for age in ages]
        return np.array([counts, counts])


def test_shares_of_a_day_and_a_week_ago(catalogue):
    week = 7 * DAY_S
    history = [("a", "view", 1.0, 0), ("c", "view", 1.0, week), ("d", "", 1.0, week)]
    model = MomentModel()
    found = Interests(model, catalogue).of_history(history, week + 2)
    # a week ago (second 2) there was a alone, and a day ago too.
    assert model.asked == [
        (["a", "c", "d"], week + 2),
        (["a"], week + 2 - DAY_S),
        (["a"], 2),
    ]
    old = 1 / (week + 2) / (1 / (week + 2) + 1 / 2 + 1 / 2)
    (topic,) = found.topics
    assert topic.weight == pytest.approx(0.5 * (1 + old))  # c's half, and a's rest
    assert (topic.day_ago, topic.week_ago) == pytest.approx((1.0, 1.0))
    storm = {each.name: each for each in found.keywords}["storm"]
    assert (storm.weight, storm.week_ago) == pytest.approx((old, 1.0))


def test_what_is_no_longer_of_interest_is_told_last(catalogue):
    model = MomentModel(longest=4 * DAY_S)
    history = [("a", "view", 1.0, 0), ("c", "view", 1.0, 5 * DAY_S)]
    found = Interests(model, catalogue).of_history(history, 8 * DAY_S)
    told = [(each.name, each.weight, each.week_ago) for each in found.keywords]
    assert told == [("ship", 1.0, 1.0), ("storm", 0.0, 1.0)]
    assert [each.item_id for each in found.items] == ["c"]


def test_events_of_one_item_count_together(catalogue):
    history = [("c", "view", 1.0, 1), ("c", "view", 1.0, 2)]
    items, *_ = Interests(InterestModel(), catalogue).of_history(history, 9)
    assert [(i.item_id, i.weight) for i in items] == [("c", pytest.approx(1.0))]


def test_what_does_not_speak_for_anything_is_left_out(catalogue):
    model = InterestModel([(-0.5, 0.5), (0.0, 0.0)])
    items, categories, *_ = Interests(model, catalogue).of_history(HISTORY, 9)
    assert [(i.item_id, i.weight) for i in items] == [("c", pytest.approx(1.0))]
    assert [c.name for c in categories] == ["sea"]
    silent = InterestModel(np.zeros([2, 2]))
    assert Interests(silent, catalogue).of_history(HISTORY, 9) == ([], [], [], [])


@pytest.mark.parametrize(
    ("code", "raised"),
    [("UNAVAILABLE", NoAnswerError), ("INVALID_ARGUMENT", RequestError)],
)
def test_errors(catalogue, code, raised):
    model = InterestModel()
    model.error = RequestError(grpc.StatusCode[code], "so it is")
    with pytest.raises(raised, match="so it is"):
        Interests(model, catalogue).of_history(HISTORY)


@contextlib.contextmanager
def gateway_of_ann(target, toy):
    states = MemoryStates()
    states.append([event("ann", 1, "a", value=1.0), event("ann", 2, "e", value=2.0)])
    items = toy / "1" / "assets.extra" / "items.parquet"
    with gateway_thread(states, target, items) as ask:
        yield ask


def test_users_and_sessions_over_http(target, toy, client):
    with gateway_of_ann(target, toy) as ask:
        status, user = ask("GET", "/v1/users/ann/interests?now=2")
        history = [{"item_id": "a", "value": 1, "timestamp": 1}]
        history.append({"item_id": "e", "value": 2, "timestamp": 2})
        body = {"history": history, "now": 2}
        session = ask("POST", "/v1/sessions/interests", body)[1]
        nobody = ask("GET", "/v1/users/nobody/interests")[1]
    assert (status, user["state_version"], session["state_version"]) == (200, 2, 0)
    expected = shares_oracle(client, [("a", "", 1.0, 1), ("e", "", 2.0, 2)], now=2)
    assert {i["item_id"]: i["weight"] for i in user["items"]} == pytest.approx(expected)
    assert user["items"][0]["title"] == f"Title of {user['items'][0]['item_id']}"
    by_category = {CATEGORIES[ITEM_IDS.index(i)]: w for i, w in expected.items()}
    told = {c["name"]: c["weight"] for c in user["categories"]}
    assert told == pytest.approx(by_category)
    assert session["items"] == user["items"]
    lists = ("items", "categories", "keywords", "topics")
    assert nobody == {name: [] for name in lists} | {"state_version": 0}


def shares_oracle(client, history, now):
    """Inner products with every recommended item, weighted by its probability."""
    sums = {item_id: 0.0 for item_id, *_ in history}
    for found in client.recommend(history, k=50, now=now):
        vector = VECTORS[ITEM_IDS.index(found.item_id)]
        for item_id, _, value, _ in history:
            share = value * VECTORS[ITEM_IDS.index(item_id)] @ vector
            sums[item_id] += found.probability * max(0.0, float(share))
    total = sum(sums.values())
    return {item_id: weight / total for item_id, weight in sums.items()}


def test_without_the_model_server_it_is_said(toy):
    with gateway_of_ann("127.0.0.1:1", toy) as ask:
        status, answer = ask("GET", "/v1/users/ann/interests")
    assert status == 503
    assert "The model server does not answer" in answer["detail"]
