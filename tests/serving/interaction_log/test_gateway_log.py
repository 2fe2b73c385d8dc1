"""Tests of a gateway that logs what it shows and what people do."""

import contextlib
import http.client
import threading
import time

import numpy as np
import pandas as pd
import pytest

from serving.gateway import impressions as impressions_module
from serving.gateway.impressions import Impression, Impressions, ImpressionSource
from serving.user_states.memory import MemoryStates
from serving.user_states.sqlite import SqliteStates
from serving.user_states.store import StoreError
from tests.serving.interaction_log.test_folder import read
from tests.serving.online.gateway_process import (
    GatewayProcess,
    Http,
    eventually,
    gateway_thread,
)
from tfrec.data.impressions import attribute, read_interaction_log

LISTS = "/v1/impressions"


def shown(folder):
    """Rows of what was shown, without those whose files are being written."""
    found = read(folder, "impressions")
    return pd.DataFrame() if found is None else found


def test_every_list_has_an_id_and_is_logged(target, tmp_path):
    folder = tmp_path / "log"
    with gateway_thread(MemoryStates(), target, log=folder) as ask:
        ask("POST", "/v1/events", {"user_id": "ann", "item_id": "a", "timestamp": 5})
        first = ask.recommend("ann", k=2)
        again = ask.recommend("ann", k=2)  # from the cache: shown once more
        body = {"history": ["a"], "k": 2}
        _, session = ask("POST", "/v1/sessions/recommendations", body)
        _, similar = ask("GET", "/v1/items/a/similar?k=2")
        _, popular = ask("GET", "/v1/lists/popular?k=2")
        _, rows = ask("GET", "/v1/users/ann/rows?k=2")
        _, asked = ask("POST", "/v1/users/ann/ask", {"text": "something", "k": 2})
        assert ask("GET", "/health")[1]["log"] == "ok"
    lists = [first, again, session, similar, popular, asked, *rows["rows"]]
    found = shown(folder)
    ids = [each["recommendation_id"] for each in lists]
    assert len(set(ids)) == len(lists)
    for answer in lists:
        own = found[found["recommendation_id"] == answer["recommendation_id"]]
        items = [each["item_id"] for each in answer["items"]]
        assert own.sort_values("position")["item_id"].tolist() == items
        assert own["position"].tolist() == list(range(1, len(items) + 1))
    mine = found[found["recommendation_id"] == first["recommendation_id"]]
    assert set(mine["user_id"]) == {"ann"}
    assert set(mine["source"]) == {"history"}
    assert set(mine["model"]) == {"toy"}
    assert set(mine["model_version"]) == {first["model_version"]}
    assert set(mine["propensity"]) == {1.0}
    scores = [each["score"] for each in first["items"]]
    np.testing.assert_allclose(mine["score"], scores)
    sources = dict(zip(found["recommendation_id"], found["source"], strict=True))
    named = {sources.get(each) for each in ids} - {None}
    assert {"history", "similar", "ask", "row_recommended"} <= named


def test_events_are_logged_with_the_list_that_led_to_them(target, tmp_path):
    folder = tmp_path / "log"
    with gateway_thread(MemoryStates(), target, log=folder) as ask:
        answer = ask.recommend("ann", k=2)
        event = {"user_id": "ann", "item_id": "b", "timestamp": 9, "event_id": "e"}
        event["recommendation_id"] = answer["recommendation_id"]
        assert ask("POST", "/v1/events", event)[0] == 202
        assert ask("POST", "/v1/events", event)[1]["duplicates"] == 1
        assert ask("POST", "/v1/events", event | {"recommendation_id": 7})[0] == 202
        ask("DELETE", "/v1/users/bob")
    events = read(folder, "events")
    assert events["recommendation_id"].tolist() == [answer["recommendation_id"]]
    assert events["event_id"].tolist() == ["e"]
    shown_before, done = read_interaction_log(folder)
    found = attribute(shown_before, done, window_s=10**9, tolerance_s=10**10)
    chosen = found.impressions[found.impressions["chosen"]]
    assert chosen["item_id"].tolist() == ["b"]
    assert chosen["recommendation_id"].tolist() == [answer["recommendation_id"]]


def test_a_user_who_is_forgotten_leaves_the_log(target, tmp_path):
    folder = tmp_path / "log"
    with gateway_thread(MemoryStates(), target, log=folder) as ask:
        for user in ("ann", "bob"):
            ask("POST", "/v1/events", {"user_id": user, "item_id": "b", "timestamp": 9})
            ask.recommend(user)
        assert ask("DELETE", "/v1/users/ann")[1] == {"forgotten": True}
    assert set(read(folder, "events")["user_id"]) == {"bob"}
    assert set(shown(folder)["user_id"]) == {"bob"}


def test_lists_that_others_showed(target, tmp_path):
    folder = tmp_path / "log"
    with gateway_thread(MemoryStates(), target, log=folder) as ask:
        items = [{"item_id": "a", "propensity": 0.5}, {"item_id": 7, "score": 2}]
        one = {"recommendation_id": "r", "user_id": 1, "timestamp": 9, "items": items}
        assert ask("POST", LISTS, {"lists": [one]}) == (202, {"accepted": 1})
        for wrong, words in (
            ({}, "`lists` must be given"),
            ({"lists": []}, "must have at least 1 entries"),
            ({"lists": [one | {"items": []}]}, "must have at least 1 entries"),
            ({"lists": [one | {"recommendation_id": ""}]}, "recommendation_id"),
            ({"lists": [one | {"timestamp": None}]}, "timestamp"),
            ({"lists": [one | {"colour": 1}]}, "colour"),
        ):
            status, answer = ask("POST", LISTS, wrong)
            assert status == 422
            assert words in answer["detail"]
        for propensity in (0, 1.5, -1):
            body = one | {"items": [{"item_id": "a", "propensity": propensity}]}
            status, answer = ask("POST", LISTS, {"lists": [body]})
            assert (status, "propensity" in answer["detail"]) == (422, True)
    found = shown(folder)
    assert found["item_id"].tolist() == ["a", "7"]
    assert found["user_id"].tolist() == ["1", "1"]
    assert found["propensity"].tolist() == [0.5, 1.0]
    assert set(found["source"]) == {"elsewhere"}


def test_without_a_log_lists_have_ids_and_nothing_waits(target):
    states = MemoryStates()
    with gateway_thread(states, target) as ask:
        assert ask.recommend("ann")["recommendation_id"]
        assert ask("POST", LISTS, {"lists": []})[0] == 404
        assert ask("GET", "/health")[1]["log"] == "off"
    assert states.outbox.waiting() == 0


def test_lists_wait_for_a_store_that_is_away(monkeypatch):
    """And some are dropped, and counted, when there are too many."""
    monkeypatch.setattr(impressions_module, "MOST_WAITING", 3)
    states, is_away = MemoryStates(), threading.Event()
    add = states.outbox.add

    def refuse(records):
        if is_away.is_set():
            raise StoreError("The store is away.")
        add(records)

    monkeypatch.setattr(states.outbox, "add", refuse)
    is_away.set()
    noted = Impressions()
    noted.keep_in(states.outbox, "toy")
    for _ in range(10):
        noted.note("ann", [Impression("a")], ImpressionSource("history"), 5)
    assert 0 < noted.dropped <= 7
    is_away.clear()
    noted.close()
    assert states.outbox.waiting() + noted.dropped == 10


def test_kill_9_loses_and_doubles_no_event(toy, target, tmp_path):
    check_kills(target, tmp_path, rounds=2)


@pytest.mark.slow
def test_kill_9_twenty_times(toy, target, tmp_path):
    check_kills(target, tmp_path, rounds=20)


def check_kills(target, tmp_path, rounds):
    """A gateway is killed while events come; those that it acknowledged are logged."""
    store, folder = tmp_path / "states.db", tmp_path / "log"
    flags = ["--target", target, "--model", "toy", "--store", f"sqlite:///{store}"]
    flags += ["--log", folder, "--log-interval-s", "0.1"]
    acknowledged: list[str] = []
    for number in range(rounds):
        gateway = GatewayProcess(*map(str, flags))
        names = [f"{number}-{n}" for n in range(4)]
        about = [(gateway.port, name, acknowledged) for name in names]
        threads = [threading.Thread(target=post, args=each) for each in about]
        for each in threads:
            each.start()
        eventually(lambda least=20 * (number + 1): len(acknowledged) > least, 60)
        time.sleep(0.05 * (number % 5))
        gateway.process.kill()
        gateway.stop()
        for each in threads:
            each.join()
    states = SqliteStates(store)
    last = GatewayProcess(*map(str, flags))
    deadline = time.monotonic() + 90  # the lease of who was killed
    while states.outbox.waiting() and time.monotonic() < deadline:
        time.sleep(0.2)
    last.stop()
    states.close()
    logged = read(folder, "events")["event_id"].tolist()
    assert len(logged) == len(set(logged))
    assert set(acknowledged) <= set(logged)


def post(port, name, acknowledged):
    """Sends events until nobody answers; each again that was not acknowledged."""
    ask = Http(port)
    with contextlib.suppress(OSError, http.client.HTTPException):
        for n in range(100_000):
            event_id = f"{name}-{n}"
            event = {"user_id": name, "item_id": "a", "timestamp": n + 1}
            if ask("POST", "/v1/events", event | {"event_id": event_id})[0] == 202:
                acknowledged.append(event_id)
