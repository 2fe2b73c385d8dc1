"""Tests of serving.gateway.__main__ over HTTP, against a real server of the toy."""

import re
import time
import urllib.parse

import numpy as np
import pytest

from serving.gateway import __main__ as gateway
from tests.serving.online.gateway_process import GatewayProcess, Http
from tests.serving.programs import run_program
from tests.serving.toy_artefact import embedding_oracle, ranking_oracle

DAY_S = 86_400


@pytest.fixture(scope="module")
def process(target, toy, tmp_path_factory):
    """A gateway with states in SQLite."""
    store = f"sqlite:///{tmp_path_factory.mktemp('gateway')}/states.db"
    items = toy / "1" / "assets.extra" / "items.parquet"
    flags = ("--target", target, "--model", "toy", "--store", store, "--items", items)
    process = GatewayProcess(*flags)
    yield process
    assert process.stop() == 0


@pytest.fixture(scope="module")
def ask(process):
    return Http(process.port)


def event(user_id, item_id, timestamp, **more):
    return {
        "user_id": user_id,
        "item_id": item_id,
        "timestamp": timestamp,
        "event": "view",
        "value": 1.0,
        **more,
    }


def ids(answer):
    return [item["item_id"] for item in answer["items"]]


def expected_ids(history, now, k=10, query=""):
    embedding = embedding_oracle(history, "", query, now)
    return ranking_oracle(embedding, {event[0] for event in history}, k)


def test_a_read_sees_what_was_acknowledged(ask):
    history = []
    for day, item_id in enumerate(["a", "e", "b", "café"], start=1):
        history.append((item_id, "view", 1.0, day * DAY_S))
        status, body = ask("POST", "/v1/events", event("ann", item_id, day * DAY_S))
        assert (status, body["state_versions"]) == (202, {"ann": day})
        answer = ask.recommend("ann", now=5 * DAY_S)
        assert answer["state_version"] == day
        assert answer["reason_code"] == "history"
        assert ids(answer) == expected_ids(history, 5 * DAY_S)


def test_every_wish_reaches_the_model(ask):
    ask("POST", "/v1/events", [event("bob", "a", 1), event("bob", "c", 2)])
    history = [("a", "view", 1.0, 1), ("c", "view", 1.0, 2)]
    best = ask.recommend("bob", k=2, now=9)
    assert ids(best) == expected_ids(history, 9, k=2)
    score = 0.8 * 1.6 + 0.25 * 0.65  # b with a + c, at once
    assert best["items"][0]["score"] == pytest.approx(score, rel=1e-3)
    assert best["items"][0]["probability"] == pytest.approx(
        1 / (1 + np.exp(-score)), 1e-3
    )
    assert best["items"][0]["title"] == "Title of b"
    assert best["items"][0]["reason"] is None
    assert best["model_version"] == 1
    assert best["latency_ms"] > 0
    assert ids(ask.recommend("bob", category="y")) == ["d", "e", "café"]
    assert ids(ask.recommend("bob", category="y|x", k=1)) == ["b"]
    told = "a novel of the sea in which nothing happens"
    assert ids(ask.recommend("bob", query=told, now=9)) == expected_ids(
        history, 9, query=told
    )


@pytest.mark.parametrize("mode", ["history", "interest"])
def test_seen_items_come_again_where_that_is_wanted(ask, mode):
    ask("POST", "/v1/events", event(f"zoe {mode}", "a", 1))
    wishes = {"now": 1, "mode": mode}
    assert "a" not in ids(ask.recommend(f"zoe {mode}", **wishes))
    again = ask.recommend(f"zoe {mode}", allow_repeats=True, **wishes)
    assert ids(again)[0] == "a"
    session = {"history": ["a"], "k": 1, "allow_repeats": True}
    assert ids(ask("POST", "/v1/sessions/recommendations", session)[1]) == ["a"]


def test_reasons_name_the_event_that_speaks_most(ask):
    ask("POST", "/v1/events", [event("cid", "a", 1), event("cid", "e", 2, value=2)])
    answer = ask.recommend("cid", explain=True)
    reasons = {item["item_id"]: item["reason"] for item in answer["items"]}
    # Inner products with a = (1, 0) and 2 e = (0.1, 2): b 0.8, 0.58; d 0.2, 1.72
    assert reasons["b"] == "because you viewed “Title of a”; both: x"
    assert reasons["d"] == "because you viewed “Title of e”; both: y"
    assert reasons["café"] is None  # -0.5, -0.95


def test_reasons_come_as_data_and_in_the_language_asked_for(ask):
    ask("POST", "/v1/events", [event("yan", "a", 1), event("yan", "e", 2, value=2)])
    answer = ask.recommend("yan", explain=True, lang="zh", now=2)
    items = {item["item_id"]: item for item in answer["items"]}
    assert items["b"]["reason"] == "因为您浏览过“Title of a”；共同点：x"
    # Products with a and 2 e, above: of b's shares in the toy .8 and .58
    of_e, of_a = sorted(items["b"]["because"]["events"], key=lambda e: e["share"])
    assert of_a == {
        "item_id": "a",
        "title": "Title of a",
        "text": "",
        "event": "view",
        "value": 1.0,
        "timestamp": 1,
        "share": pytest.approx(0.8),
        "is_named": True,
    }
    assert (of_e["item_id"], of_e["value"], of_e["is_named"]) == ("e", 2.0, False)
    del items["b"]["because"]["events"]
    assert items["b"]["because"] == {
        "words": [],
        "shared_categories": ["x"],
        "is_found_by_query": False,
        "change": None,
    }
    assert items["café"]["reason"] is None
    assert items["café"]["because"]["events"] == []
    plain = ask.recommend("yan", now=2)["items"]
    assert {item["because"] for item in plain} == {None}


def test_reasons_say_what_changed_since_the_last_list(ask):
    ask("POST", "/v1/events", event("xia", "a", 1))
    first = ask.recommend("xia", now=2, k=3)
    assert ids(first) == ["b", "c", "d"]
    ask("POST", "/v1/events", event("xia", "e", 2, value=2))
    second = ask.recommend("xia", now=2, k=3, explain=True)
    items = {item["item_id"]: item for item in second["items"]}
    assert ids(second) == ["c", "d", "b"]
    change = items["c"]["because"]["change"]
    assert (change["was"], change["event"]["item_id"]) == (2, "e")
    assert items["c"]["reason"].endswith("up from 2 since you viewed “Title of e”")
    assert items["b"]["because"]["change"] == {"was": 1, "event": None}
    again = ask.recommend("xia", now=2, k=3, explain=True, lang="zh")
    assert again["items"][0]["reason"].endswith("您浏览过“Title of e”之后从第 2 位上升")


@pytest.mark.parametrize("lang", ["fr", "", "EN", "zh-CN", "{lang}"])
def test_languages_that_there_are_not(ask, lang):
    path = f"/v1/users/ann/recommendations?lang={urllib.parse.quote(lang)}"
    wrong = f"`lang` must be 'en' or 'zh'. Received: {lang!r}."
    assert ask("GET", path) == (422, {"detail": wrong})
    asked = ask("POST", "/v1/sessions/recommendations", {"lang": lang})
    assert asked == (422, {"detail": wrong})


def test_a_search_moves_the_next_list(ask):
    ask("POST", "/v1/events", event("sue", "a", 1))
    before = ask.recommend("sue", now=2)
    search = {
        "user_id": "sue",
        "event": "search",
        "text": "quiet films",
        "timestamp": 2,
    }
    assert ask("POST", "/v1/events", search)[1]["accepted"] == 1
    again = search | {"text": "loud films"}  # in the same second
    assert ask("POST", "/v1/events", [search, again])[1]["accepted"] == 1
    after = ask.recommend("sue", now=2, explain=True)
    history = [("a", "view", 1.0, 1)]
    texts = [("", "search", 1.0, 2, text) for text in ("quiet films", "loud films")]
    assert ids(before) == expected_ids(history, 2)
    assert ids(after) == expected_ids(history + texts, 2) != ids(before)
    reasons = {item["item_id"]: item["reason"] for item in after["items"]}
    since = "up from 3 since then"
    assert reasons["d"] == f"because you wrote “quiet films”; {since}"
    interests = ask("GET", "/v1/users/sue/interests")[1]["items"]
    assert [(each["item_id"], each["weight"]) for each in interests] == [("a", 1.0)]
    *_, last = ask("GET", "/v1/users/sue/state")[1]["events"]
    assert (last["item_id"], last["text"]) == ("", "loud films")


def test_a_search_moves_the_interest_vector(ask):
    ask("POST", "/v1/events", event("tom", "a", 1))
    before = ask.recommend("tom", now=2, mode="interest")
    search = {
        "user_id": "tom",
        "event": "search",
        "text": "quiet films",
        "timestamp": 2,
    }
    ask("POST", "/v1/events", search)
    after = ask.recommend("tom", now=2, mode="interest")
    told = [("a", "view", 1.0, 1), ("", "search", 1.0, 2, "quiet films")]
    assert ids(after) == expected_ids(told, 2) != ids(before)


def test_a_session_may_have_texts(ask):
    history = ["a", {"event": "search", "text": "quiet films"}]
    body = {"history": history, "now": 2, "explain": True}
    answer = ask("POST", "/v1/sessions/recommendations", body)[1]
    told = [("a", "view", 1.0, 2), ("", "search", 1.0, 2, "quiet films")]
    assert ids(answer) == expected_ids(told, 2)


def test_cold_users_get_what_the_model_gives_without_a_history(ask, client):
    answer = ask.recommend("nobody", explain=True)
    assert (answer["reason_code"], answer["state_version"]) == ("cold_user", 0)
    assert ids(answer) == [item.item_id for item in client.recommend([])]
    assert {item["reason"] for item in answer["items"]} == {None}


def test_events_are_counted_once(ask):
    events = [event("dan", "a", 1), event("dan", "b", 2), event("eve", "a", 1)]
    assert ask("POST", "/v1/events", events) == (
        202,
        {"accepted": 3, "duplicates": 0, "state_versions": {"dan": 2, "eve": 1}},
    )
    assert ask("POST", "/v1/events", [*events, event("dan", "a", 0)]) == (
        202,
        {"accepted": 1, "duplicates": 3, "state_versions": {"dan": 3, "eve": 1}},
    )


def test_state_is_shown_with_titles(ask):
    late = {"user_id": "fay", "item_id": "x", "timestamp": 5, "sequence": 2}
    ask("POST", "/v1/events", [event("fay", "a", 9, event="rating", value=4), late])
    status, state = ask("GET", "/v1/users/fay/state")
    assert (status, state["user_id"], state["state_version"]) == (200, "fay", 2)
    assert [list(each.values()) for each in state["events"]] == [
        ["x", "", "", None, 5, 2, ""],
        ["a", "Title of a", "rating", 4.0, 9, 0, ""],
    ]


@pytest.mark.parametrize("user_id", ["a/b", "a/state", "ümit ?#%2F", ".."])
def test_any_user_id_will_do(ask, user_id):
    ask("POST", "/v1/events", event(user_id, "a", 1))
    assert ask.recommend(user_id)["state_version"] == 1


def test_forgotten_users_are_unknown(ask):
    ask("POST", "/v1/events", event("gus", "a", 1))
    seen = ask.recommend("gus")
    assert ask("DELETE", "/v1/users/gus") == (200, {"forgotten": True})
    assert ask("DELETE", "/v1/users/gus") == (200, {"forgotten": False})
    assert ask.recommend("gus")["reason_code"] == "cold_user"
    ask("POST", "/v1/events", event("gus", "e", 1))
    again = ask.recommend("gus")
    assert again["state_version"] == seen["state_version"] == 1
    assert ids(again) != ids(seen)  # not the cached answer of the same version


def test_events_are_taken_back_and_may_come_again(ask):
    clicks = [event("ina", "a", 1, event_id="1"), event("ina", "e", 2, event_id="2/é")]
    ask("POST", "/v1/events", clicks)
    before = ask.recommend("ina", now=9)
    address = "/v1/users/ina/events/2%2F%C3%A9"
    assert ask("DELETE", address) == (200, {"state_version": 3})
    status, answer = ask("DELETE", address)
    assert (status, answer["detail"].split(",")[0]) == (
        404,
        "`event_id` must be that of an event that is kept of this user",
    )
    after = ask.recommend("ina", now=9)  # no cached answer
    assert ids(after) != ids(before)
    assert ids(after) == expected_ids([("a", "view", 1.0, 1)], 9)
    assert ask("POST", "/v1/events", clicks)[1]["accepted"] == 1
    assert ids(ask.recommend("ina", now=9)) == ids(before)
    assert ask("DELETE", "/v1/users/ina/events/%20")[0] == 422


def test_ids_that_look_like_the_address_of_an_event(ask):
    ask("POST", "/v1/events", event("ida/events/1", "a", 1, event_id="x"))
    ask("POST", "/v1/events", event("ida", "a", 1, event_id="1"))
    address = "/v1/users/ida%2Fevents%2F1"
    assert ask("DELETE", f"{address}/events/x") == (200, {"state_version": 2})
    assert ask("DELETE", address) == (200, {"forgotten": True})
    assert ask("GET", "/v1/users/ida/state")[1]["state_version"] == 1


def test_sessions_without_an_id(ask):
    body = {"history": ["a", {"item_id": "e", "value": 2}], "k": 1, "explain": True}
    status, answer = ask("POST", "/v1/sessions/recommendations", body)
    assert status == 200
    assert (answer["reason_code"], answer["state_version"]) == ("history", 0)
    history = [("a", "view", 1.0, 9), ("e", "view", 2.0, 9)]
    assert ids(answer) == expected_ids(history, 9, k=1)
    assert answer["items"][0]["reason"] == "because of “Title of e”"
    wanted = {"category": "y", "query": "sea", "now": 9 * DAY_S}
    status, answer = ask("POST", "/v1/sessions/recommendations", wanted)
    assert answer["reason_code"] == "cold_user"
    assert set(ids(answer)) == {"d", "e", "café"}


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/v1/events", b"{", "The body must be JSON"),
        ("POST", "/v1/events", [{}], "1 of 1 events are wrong, and none was applied"),
        ("POST", "/v1/events", 7, "An event must be a JSON object. Received: 7."),
        ("POST", "/v1/events", [0] * 1001, "at most 1000 events. Received: 1001"),
        (
            "GET",
            "/v1/users/ann/recommendations?k=0",
            None,
            "`k` must be at least 1. Received: '0'.",
        ),
        (
            "GET",
            "/v1/users/ann/recommendations?now=soon",
            None,
            "`now` must be UTC seconds",
        ),
        ("POST", "/v1/sessions/recommendations", {"k": -1}, "`k` must be at least 1"),
        (
            "POST",
            "/v1/sessions/recommendations",
            {"history": [{}]},
            "history.0.item_id",
        ),
        (
            "POST",
            "/v1/sessions/recommendations",
            {"history": [{"item_id": "a", "timestamp": 2**70}]},
            "timestamp.*looks like milliseconds",
        ),
    ],
)
def test_wrong_requests_are_told_so(ask, method, path, body, words):
    status, answer = ask(method, path, body)
    assert status == 422
    assert re.search(words, answer["detail"]), answer


def test_nothing_of_a_wrong_request_is_applied(ask):
    wrong = event("hal", "b", "yesterday")
    status, answer = ask("POST", "/v1/events", [event("hal", "a", 1), wrong])
    assert status == 422
    assert "Event 2: `timestamp` must be UTC seconds" in answer["detail"]
    assert ask("GET", "/v1/users/hal/state")[1]["events"] == []


def test_health_and_metrics(ask):
    status, health = ask("GET", "/health")
    assert status == 200
    parts = {"store": "ok", "model_server": "ok", "items": "ok", "log": "off"}
    assert health == {**parts, "model_version": 1}
    before = metric(ask, 'cache_total{outcome="hit"}')
    applied = metric(ask, 'events_total{outcome="accepted"}')
    now = int(time.time())
    first = ask.recommend("ivy", now=now)
    assert ask.recommend("ivy", now=now)["items"] == first["items"]
    ask("POST", "/v1/events", event("ivy", "a", 1))
    ask("POST", "/v1/events", [0, 0])
    assert metric(ask, 'cache_total{outcome="hit"}') == before + 1
    assert metric(ask, 'events_total{outcome="accepted"}') == applied + 1
    assert metric(ask, 'events_total{outcome="poison"}') >= 2
    route = "/v1/users/{user_id:path}/recommendations"
    labels = f'{{method="GET",route="{route}",status="200"}}'
    assert metric(ask, f"request_seconds_count{labels}") > 0


def metric(ask, name):
    """Value of one line of the metrics, 0 if it is not there."""
    _, text = ask("GET", "/metrics")
    found = re.search(rf"^tfrec_gateway_{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_openapi_tells_every_route(ask):
    _, api = ask("GET", "/openapi.json")
    assert set(api["paths"]) == {
        "/v1/users/{user_id}/recommendations",
        "/v1/users/{user_id}/state",
        "/v1/users/{user_id}/interests",
        "/v1/users/{user_id}/ask",
        "/v1/users/{user_id}/texts",
        "/v1/sessions/ask",
        "/v1/users/{user_id}",
        "/v1/users/{user_id}/events/{event_id}",
        "/v1/items",
        "/v1/lists/{name}",
        "/v1/users/{user_id}/rows",
        "/v1/items/{item_id}/similar",
        "/v1/page",
        "/v1/events",
        "/v1/sessions/recommendations",
        "/v1/sessions/interests",
        "/health",
        "/metrics",
    }
    body = api["paths"]["/v1/events"]["post"]["requestBody"]["content"]
    assert "user_id" in body["application/json"]["schema"]["anyOf"][0]["properties"]
    told = {
        answer_schema(api, "get", "/v1/users/{user_id}/recommendations", "200"),
        answer_schema(api, "post", "/v1/sessions/recommendations", "200"),
        answer_schema(api, "post", "/v1/events", "202"),
    }
    assert told == {"Recommendations", "EventsAnswer"}


def answer_schema(api, method, path, status):
    """Name of the schema that an answer has by the OpenAPI document."""
    content = api["paths"][path][method]["responses"][status]["content"]
    return content["application/json"]["schema"]["$ref"].rpartition("/")[2]


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--store", "memory:"], 2, "Missing option '--target'"),
        (
            ["--store", "nowhere", "--target", "127.0.0.1:1", "--model", "toy"],
            1,
            "Error: `--store` must be sqlite:///PATH",
        ),
        (
            ["--store", "memory:", "--target", "127.0.0.1:1", "--model", "toy"]
            + ["--items", "items.parquet", "--model-folder", "toy"],
            1,
            "Error: Either `--items` or `--model-folder` may be given",
        ),
    ],
)
def test_program_exit_codes(monkeypatch, capsys, flags, code, words):
    assert run_program(monkeypatch, gateway.main, *flags) == code
    assert words in capsys.readouterr().err


def test_a_wrong_quota_is_refused(ask):
    path = "/v1/users/ann/recommendations?quota=books"
    status, body = ask("GET", path)
    assert status == 422
    assert 'must be like "books:3|films:2"' in str(body)
