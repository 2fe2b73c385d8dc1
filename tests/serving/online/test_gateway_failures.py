"""The gateway when the disk is full, a server goes, or it is killed itself."""

import contextlib
import http.client
import random
import shutil
import threading

import pytest

from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.server import ModelServer
from serving.model_server.server_settings import ServerSettings
from serving.user_states.memory import MemoryStates
from serving.user_states.redis import RedisStates
from serving.user_states.sqlite import SqliteStates
from tests.contracts.user_states import event
from tests.serving.online.full_disk import allow_pages
from tests.serving.online.gateway_process import (
    GatewayProcess,
    Http,
    eventually,
    gateway_thread,
)
from tests.serving.online.redis_server import RedisServer

NOWHERE = "127.0.0.1:1"


def raw(user_id, item_id, timestamp):
    return {"user_id": user_id, "item_id": item_id, "timestamp": timestamp}


def ids(answer):
    return [item["item_id"] for item in answer["items"]]


@contextlib.contextmanager
def model_server(folder, port=0):
    """A model server in this process, for the length of a block; gives its port."""
    store = ModelStore(ModelSettings("toy", folder))
    server = ModelServer([store], ServerSettings(port=port, max_threads=4))
    server.start(0.1, threading.Event())
    try:
        yield int(server.address.split(":")[1])
    finally:
        server.drain()


def test_the_model_server_goes_and_comes(toy):
    items = toy / "1" / "assets.extra" / "items.parquet"
    states = MemoryStates()
    states.append([event("ann", 1, "a")])
    with contextlib.ExitStack() as stack:
        with model_server(toy) as port:
            gateway = gateway_thread(states, f"127.0.0.1:{port}", items)
            ask = stack.enter_context(gateway)
            cold = ask.recommend("nobody")
            assert ask.recommend("ann")["reason_code"] == "history"
        answer = ask.recommend("ann", k=3, query="new")
        assert answer["reason_code"] == "fallback"
        assert ids(answer) == [i for i in ids(cold) if i != "a"][:3]
        of_y = ask.recommend("bob", category="y", query="new")
        assert set(ids(of_y)) == {"d", "e", "café"}
        eventually(lambda: "UNAVAILABLE" in model_health(ask))
        assert ask("GET", "/health")[0] == 200
        with model_server(toy, port):
            eventually(lambda: model_health(ask) == "ok")
            again = ask.recommend("ann", k=3, query="new")
            assert again["reason_code"] == "history"


def model_health(ask):
    return ask("GET", "/health")[1]["model_server"]


def test_a_new_version_takes_over(toy, doubled, tmp_path):
    """Scores of version 2 are twice as large; no answer of version 1 stays."""
    shutil.copytree(toy, tmp_path / "toy")
    states = MemoryStates()
    states.append([event("ann", 1, "a")])
    with (
        model_server(tmp_path / "toy") as port,
        gateway_thread(states, f"127.0.0.1:{port}") as ask,
    ):
        before = ask.recommend("ann", now=1)
        shutil.copytree(doubled, tmp_path / "aside")
        (tmp_path / "aside").rename(tmp_path / "toy" / "2")
        eventually(lambda: ask("GET", "/health")[1]["model_version"] == 2)
        after = ask.recommend("ann", now=1)
    assert (before["model_version"], after["model_version"]) == (1, 2)
    # Both the event's vector and the candidate's are doubled.
    assert after["items"][0]["score"] == pytest.approx(4 * before["items"][0]["score"])


def test_without_any_earlier_list_there_are_words():
    with gateway_thread(MemoryStates(), NOWHERE) as ask:
        status, body = ask("GET", "/v1/users/ann/recommendations")
        assert status == 503
        assert "there is no earlier list for users without events" in body["detail"]
        assert ask("POST", "/v1/events", raw("ann", "a", 1))[0] == 202


def test_a_full_disk_acknowledges_nothing(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    states.append([event("ann", 1)])
    allow_pages(states, 0)
    events = [raw(f"user {n}", "a" * 500, n) for n in range(50)]
    with gateway_thread(states, NOWHERE) as ask:
        status, body = ask("POST", "/v1/events", events)
        assert status == 507
        assert "database or disk is full" in body["detail"]
        assert ask("GET", "/v1/users/user 0/state".replace(" ", "%20"))[1] == {
            "user_id": "user 0",
            "state_version": 0,
            "events": [],
        }
        assert ask("GET", "/v1/users/ann/state")[1]["state_version"] == 1
    states.close()


def test_redis_goes_and_comes(tmp_path):
    server = RedisServer(tmp_path)
    states = RedisStates(server.url)
    with gateway_thread(states, NOWHERE) as ask:
        assert ask("POST", "/v1/events", raw("ann", "a", 1))[0] == 202
        server.kill()
        status, body = ask("POST", "/v1/events", raw("ann", "b", 2))
        assert status == 503
        assert "The states in Redis at 127.0.0.1" in body["detail"]
        assert ask("GET", "/health")[0] == 503
        server.restart()
        assert ask("POST", "/v1/events", raw("ann", "b", 2))[0] == 202
        assert ask("GET", "/v1/users/ann/state")[1]["state_version"] == 2
        assert ask("GET", "/health")[1]["store"] == "ok"
    states.close()
    server.kill()


class Poster(threading.Thread):
    """Posts events one after another until the gateway is gone."""

    def __init__(self, port, seed):
        super().__init__()
        self.sent, self.acknowledged = [], []
        self._ask, self._rng = Http(port), random.Random(seed)

    def run(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            while True:
                self._post()

    def _post(self):
        users = (f"user {self._rng.randrange(8)}" for _ in range(5))
        items = (f"item {self._rng.randrange(10**9)}" for _ in range(5))
        times = (self._rng.randrange(10**6) for _ in range(5))
        events = [raw(*each) for each in zip(users, items, times, strict=True)]
        repeated = self._rng.choices(self.sent or events, k=2)
        self.sent += events
        status, _ = self._ask("POST", "/v1/events", [*events, *repeated])
        assert status == 202
        self.acknowledged += events


def test_kill_9_loses_nothing_acknowledged_and_doubles_nothing(tmp_path):
    store = tmp_path / "states.db"
    flags = ("--target", NOWHERE, "--model", "toy", "--store", f"sqlite:///{store}")
    gateway = GatewayProcess(*flags)
    posters = [Poster(gateway.port, seed) for seed in range(4)]
    for poster in posters:
        poster.start()
    eventually(lambda: sum(len(p.acknowledged) for p in posters) > 500)
    gateway.process.kill()
    for poster in posters:
        poster.join()
    gateway.stop()
    sent = [event(**each) for p in posters for each in p.sent]
    states = SqliteStates(store)
    kept = [e.key for n in range(8) for e in states.get(f"user {n}").events]
    assert len(kept) == len(set(kept))
    acknowledged = {event(**each).key() for p in posters for each in p.acknowledged}
    assert acknowledged <= set(kept) <= {each.key() for each in sent}
    # What everybody sends once more completes it, as if nothing had happened.
    states.append(sent)
    replay = MemoryStates()
    replay.append(sent)
    for number in range(8):
        user_id = f"user {number}"
        assert by_key(states.get(user_id)) == by_key(replay.get(user_id))
        assert states.get(user_id).version == replay.get(user_id).version
    states.close()


def by_key(state):
    """Events of one second stand as they came: here nobody knows how."""
    return sorted(state.events, key=lambda e: (e.timestamp, e.key))
