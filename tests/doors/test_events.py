"""Events, users and times through HTTP and JSONL: one rule at every door.

The gateway is a process of its own. It has no model server, which nothing here asks.
"""

import json
import re
import threading
import urllib.parse

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from serving.stream.consume import Consumed, consume
from serving.stream.opening import open_source
from serving.user_states.events import Event
from serving.user_states.opening import open_states
from tests.serving.online.gateway_process import GatewayProcess, Http

MILLISECONDS = 1_700_000_000_000
TIMES = [f"2023-11-14T22:13:20.{n}Z" for n in range(1, 10)]
IDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SESSIONS = ["/v1/sessions/recommendations", "/v1/sessions/interests"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('states')}/states.db"


@pytest.fixture(scope="module")
def ask(store):
    nobody = ("--target", "127.0.0.1:1", "--model", "none")
    gateway = GatewayProcess(*nobody, "--store", store)
    yield Http(gateway.port)
    assert gateway.stop() == 0


@pytest.fixture
def read(store, tmp_path):
    """Applies events of a JSONL file, as the consumer does; gives `Consumed`."""

    def apply(rows):
        path = tmp_path / "events.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        states = open_states(store)
        source = open_source(f"jsonl:{path}", threading.Event())
        try:
            return consume(source, states)
        finally:
            source.close()
            states.close()

    return apply


def user_path(user_id, rest=""):
    return f"/v1/users/{urllib.parse.quote(user_id, safe='')}{rest}"


def event(user_id, item_id, timestamp=10, **more):
    return {"user_id": user_id, "item_id": item_id, "timestamp": timestamp, **more}


def items_of(ask, user_id):
    status, state = ask("GET", user_path(user_id, "/state"))
    assert status == 200
    return [each["item_id"] for each in state["events"]]


def test_events_of_one_second_keep_their_order(ask, read):
    """However they come, and by whichever door."""
    rows = [event("ann", f"i{n}", time) for n, time in enumerate(TIMES)]
    assert ask("POST", "/v1/events", rows[::-2])[0] == 202
    assert read(rows[1::2]) == Consumed(accepted=4)
    assert items_of(ask, "ann") == [f"i{n}" for n in range(9)]
    assert read(rows) == Consumed(duplicates=9)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"timestamp": MILLISECONDS}, "`timestamp` looks like milliseconds"),
        ({"timestamp": "1850-01-01"}, "`timestamp` must not be before the year 1900"),
        ({"user_id": " \n"}, "`user_id` must not be empty"),
        ({"item_id": "a\nb"}, "`item_id` must have no control characters"),
        ({"event": "a\x00b"}, "`event` must have no control characters"),
        ({"item_id": "i" * 513}, "`item_id` must have at most 512 characters"),
        ({"value": 1e39}, "`value` must be a finite number of 32 bits"),
        ({"value": "many"}, "`value` must be a number or absent"),
    ],
)
def test_what_is_refused_is_refused_by_every_door(ask, read, wrong, words):
    rows = [event("bob", "good"), event("bob", "bad") | wrong]
    status, answer = ask("POST", "/v1/events", rows)
    assert status == 422
    assert "1 of 2 events are wrong, and none was applied" in answer["detail"]
    assert words in answer["detail"]
    assert read(rows).poison == 1


@settings(deadline=None, max_examples=25)
@given(IDS)
@example("a/b")
@example("a/state")
@example("..")
@example("%00")
@example("é ?#")
@example("%2F")
@example(" 12.0 ")
@example("a\nb")
@example("recommendations")
def test_whoever_comes_in_can_be_seen_and_forgotten(ask, user_id):
    status, answer = ask("POST", "/v1/events", event(user_id, "a"))
    if status == 422:
        assert re.search("`user_id` must (not be empty|have no control)", str(answer))
        return
    (kept,) = answer["state_versions"]
    assert items_of(ask, kept) == items_of(ask, user_id) == ["a"]
    assert ask("DELETE", user_path(user_id)) == (200, {"forgotten": True})
    assert items_of(ask, kept) == []


@pytest.mark.parametrize("user_id", [" old\n", "a\nb", "\n", "a\x00", "x" * 600])
def test_whoever_came_in_by_older_rules_can_be_forgotten(ask, store, user_id):
    """And what is kept of them can be read until then."""
    old = Event.model_construct(user_id=user_id, item_id="a\nb", timestamp=1)
    states = open_states(store)
    states.append([old])
    assert [each.item_id for each in states.get(user_id).events] == ["a\nb"]
    states.close()
    assert ask("DELETE", user_path(user_id)) == (200, {"forgotten": True})
    assert ask("DELETE", user_path(user_id)) == (200, {"forgotten": False})


def test_ids_of_users_that_cannot_be_are_told_so(ask):
    status, answer = ask("GET", "/v1/users/a%00b/state")
    assert status == 422
    assert "must have no control characters" in answer["detail"]


@pytest.mark.parametrize("route", ["recommendations", "interests"])
def test_now_is_read_as_every_time(ask, route):
    ask("POST", "/v1/events", event("cid", "a"))
    for now in (MILLISECONDS, "1e300"):
        status, answer = ask("GET", f"/v1/users/cid/{route}?now={now}")
        assert status == 422
        assert re.search("`now`.* looks like milliseconds", answer["detail"])
    status, answer = ask("GET", f"/v1/users/cid/{route}?now=0")
    assert status == 422
    assert "must be after the beginning of 1970" in answer["detail"]
    for now in ("1700000000", "2023-11-14T22:13:20.5Z", "20231114", ""):
        quoted = urllib.parse.quote(now)
        assert ask("GET", f"/v1/users/cid/{route}?now={quoted}")[0] == 503, now


@pytest.mark.parametrize("path", SESSIONS)
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"now": MILLISECONDS}, "`now`.* looks like milliseconds"),
        ({"now": 0}, "`now`.* must be after the beginning of 1970"),
        ({"now": "soon"}, "`now`.* must be UTC seconds, ISO 8601"),
        ({"history": [""]}, r"history\.0\.item_id.* must not be empty"),
        ({"history": ["a", " \n"]}, r"history\.1\.item_id.* must not be empty"),
        ({"history": [{"item_id": "a\nb"}]}, "item_id.* must have no control"),
        (
            {"history": [{"item_id": "a", "timestamp": MILLISECONDS}]},
            r"history\.0\.timestamp.* looks like milliseconds",
        ),
        ({"history": [{"item_id": "a", "value": 1e39}]}, "value.* of 32 bits"),
        ({"history": [{"item_id": "a", "event": "\x07"}]}, "event.* no control"),
    ],
)
def test_sessions_are_read_as_events(ask, path, body, words):
    status, answer = ask("POST", path, body)
    assert status == 422
    assert re.search(words, answer["detail"]), answer


@pytest.mark.parametrize("path", SESSIONS)
def test_sessions_take_what_events_take(ask, path):
    """503: it comes as far as the model server, which is away."""
    history = [
        7,
        {"item_id": " a ", "timestamp": "2023-11-14T22:13:20.5Z", "value": "3"},
        {"item_id": "b", "timestamp": 1.5, "event": None, "value": None},
    ]
    for now in ("2023-11-15", None):
        status, answer = ask("POST", path, {"history": history, "now": now})
        assert status == 503, answer
