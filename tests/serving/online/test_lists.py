"""Tests of serving.gateway.lists, also over HTTP while no model server answers."""

import json
import time

import pandas as pd
import pytest

from serving.gateway.feedback import Reactions
from serving.gateway.lists import ItemLists, ListRequest
from serving.gateway.titles import ItemTitles
from serving.user_states.memory import MemoryStates
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import gateway_thread
from tfrec.client.answers import EventKind
from tfrec.data.fading import FAST_S, SLOW_S
from tfrec.data.item_changes import ItemChange
from tfrec.errors import DataError
from tfrec.export.item_log import ItemLog

NOW = 1_700_000_000
KINDS = [EventKind("view", 5, 0, 0, 1.0, 0.0), EventKind("skip", 0, 4, 0, 0.0, 1.0)]
ITEMS = {
    "item_id": ["old", "mid", "sea", "unread", "early", "late"],
    "title": ["Old", "Mid", "Sea", "Unread", "Early", "Late"],
    "category": ["x", "x|y", "y", "x", "y", "y"],
    "domain": ["books", "books", "films", "books", "films", "films"],
    "about": ["a line"] * 6,
    "num_events": [100, 40, 10, 0, 0, 0],
    "available_from": [0, 0, 0, 0, 0, NOW + 100],
    "available_until": [0, 0, 0, 0, NOW - 100, 0],
}


def write_items(folder, created=None, **columns):
    """A table of items, beside the manifest of a model that was created then."""
    pd.DataFrame(ITEMS | columns).to_parquet(folder / "items.parquet")
    if created:
        moment = pd.Timestamp(created, unit="s", tz="UTC").isoformat()
        (folder / "manifest.json").write_text(json.dumps({"created": moment}))
    return folder / "items.parquet"


@pytest.fixture
def states():
    return MemoryStates()


@pytest.fixture
def catalogue(tmp_path):
    return ItemTitles(write_items(tmp_path, created=NOW - SLOW_S))


@pytest.fixture
def find(states, catalogue):
    """Gives `Counted` of a list."""
    lists = ItemLists(states, catalogue, Reactions(lambda: KINDS))

    def find(name, k=10, categories=(), domains=(), now=NOW):
        request = ListRequest(k, frozenset(categories), frozenset(domains), now)
        return lists.find(name, request)

    return find


def views(item_id, times, kind="view"):
    return [event(f"{kind} {n}", t, item_id, event=kind) for n, t in enumerate(times)]


def ids(found):
    return [each.item_id for each in found]


# === Popular ===


def test_what_was_learnt_and_what_came_since_fade_alike(states, find):
    states.append(views("sea", [NOW] * 30) + views("mid", [NOW - SLOW_S] * 4))
    # Half of 100, 40 and 10; 4 of a week ago are 2.
    counts = {each.item_id: each.count for each in find("popular")}
    assert counts == pytest.approx({"old": 50, "sea": 35, "mid": 22})
    assert ids(find("popular")) == ["old", "sea", "mid"]
    week_later = {i.item_id: i.count for i in find("popular", now=NOW + SLOW_S)}
    assert week_later == pytest.approx({"old": 25, "sea": 17.5, "mid": 11})


def test_without_a_manifest_the_learnt_does_not_fade(states, tmp_path):
    lists = ItemLists(states, ItemTitles(write_items(tmp_path)), Reactions())
    found = lists.find("popular", ListRequest(1, frozenset(), frozenset(), NOW))
    assert (ids(found), found[0].count) == (["old"], pytest.approx(100))


def test_only_signs_of_interest_count(states, find):
    """Dislikes do not, nor kinds that the model does not know."""
    states.append(views("sea", [NOW] * 99, "skip") + views("sea", [NOW] * 99, "share"))
    assert find("popular")[-1].item_id == "sea"
    assert find("trending") == []


def test_items_of_which_nothing_was_learnt_are_popular_by_their_events(states, find):
    states.append(views("unread", [NOW] * 60) + views("nobody knows it", [NOW] * 99))
    assert ids(find("popular", k=2)) == ["unread", "old"]


# === Trending ===


def test_fifty_events_in_a_minute_trend_and_steady_ones_do_not(states, find):
    steady = range(NOW - 8 * SLOW_S, NOW, 1200)  # three an hour, for eight weeks
    for start in range(0, len(steady), 500):
        states.append(views("old", steady[start : start + 500]))
    assert find("trending") == []
    states.append(views("unread", [NOW - n for n in range(50)]))
    (first,) = find("trending")
    assert (first.item_id, first.count) == ("unread", pytest.approx(50, rel=0.01))
    # e = 50 / 168 = .3; (50 - .3) / sqrt(1.3)
    assert first.rise == pytest.approx(43.6, rel=0.02)
    assert find("popular", k=1)[0].item_id == "old"
    assert find("trending", now=NOW + 2 * SLOW_S) == []


def test_lists_are_filtered(states, find, catalogue):
    states.append([e for i in ITEMS["item_id"] for e in views(i, [NOW] * 2)])
    assert set(ids(find("trending"))) == {"old", "mid", "sea", "unread"}
    assert ids(find("trending", categories=["y"])) == ["mid", "sea"]
    assert ids(find("trending", categories=["y"], domains=["films"])) == ["sea"]
    assert ids(find("popular", domains=["films"])) == ["sea"]
    assert ids(find("popular", categories=["x"], k=2)) == ["old", "mid"]
    assert ids(find("new", categories=["y"])) == []
    catalogue.remove("old")
    for name in ("popular", "trending"):
        assert "old" not in ids(find(name))


def test_items_come_only_within_their_limits(states, find):
    states.append([e for i in ("early", "late") for e in views(i, [NOW - 300] * 9)])
    for name in ("popular", "trending", "new"):
        assert not {"early", "late"} & set(ids(find(name)))
        assert "early" in ids(find(name, now=NOW - 200))
        assert "late" in ids(find(name, now=NOW + 100))
        assert "late" not in ids(find(name, now=NOW + 99))


# === New ===


def test_new_items_are_those_put_in_then_those_of_which_nothing_was_learnt(
    states, find, catalogue
):
    for item_id in ("n1", "n2", "old", "n3", "n4"):
        catalogue.put(item_id, item_id, "x", limits=(0, NOW + 5))
    catalogue.put("n1", "with another title", "x")  # which makes it no newer
    catalogue.remove("n4")
    catalogue.remove("n2")
    catalogue.put("n2", "back", "x")
    states.append(views("n3", [NOW - SLOW_S]))
    found = find("new")
    assert ids(found) == ["n2", "n3", "n1", "unread"]
    assert [each.count for each in found] == pytest.approx([0, 0.5, 0, 0])
    assert ids(find("new", k=1)) == ["n2"]
    assert ids(find("new", now=NOW + 5)) == ["n2", "n1", "unread"]


def test_files_of_before_have_no_limits_and_no_numbers(states, tmp_path):
    older = {"item_id": ["a"], "title": ["A"]}
    pd.DataFrame(older).to_parquet(tmp_path / "items.parquet")
    catalogue = ItemTitles(tmp_path / "items.parquet")
    assert catalogue.can_be_had("a", NOW)
    assert not catalogue.can_be_had("b", NOW)
    assert catalogue.newcomers() == catalogue.most_learnt() == []
    assert ItemTitles().can_be_had("anything", NOW)


def test_limits_are_read_as_in_every_table(tmp_path):
    days = ["1970-01-03", "", None, "9999-12-31", "", ""]
    catalogue = ItemTitles(write_items(tmp_path, available_until=days))
    known = [catalogue.can_be_had(i, 2 * 86_400) for i in ITEMS["item_id"][:4]]
    assert known == [False, True, True, True]
    with pytest.raises(DataError, match="items.parquet: `available_until` must"):
        ItemTitles(write_items(tmp_path, available_until=["soon"] * 6))


# === Over HTTP ===


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """A gateway whose model server is away, with items that were put in."""
    folder = tmp_path_factory.mktemp("lists")
    items = write_items(folder, created=time.time())
    log = ItemLog(folder / "log.jsonl")
    log.append([ItemChange(item_id="gone", title="Gone"), ItemChange(item_id="n")])
    log.append([ItemChange(item_id="gone", is_removed=True)])
    page = {"reactions": Reactions(lambda: KINDS), "item_log": log}
    with gateway_thread(MemoryStates(), "127.0.0.1:1", items, **page) as ask:
        yield ask


def test_lists_over_http(ask):
    now = int(time.time())
    story = [
        {"user_id": n, "item_id": "sea", "timestamp": now - n, "event": "view"}
        for n in range(50)
    ]
    for _ in range(2):  # the second time they are duplicates
        assert ask("POST", "/v1/events", story)[0] == 202
    status, trending = ask("GET", "/v1/lists/trending?domain=films&k=3")
    assert status == 200
    (first,) = trending["items"]
    counted = first.pop("count"), first.pop("rise")
    assert counted == pytest.approx((50, 43.6), rel=0.05)
    assert first == {
        **{"place": 1, "item_id": "sea", "title": "Sea"},
        **{"categories": ["y"], "domain": "films", "about": "a line"},
    }
    assert trending["half_lives_s"] == [FAST_S, SLOW_S]
    assert trending["latency_ms"] > 0
    popular = ask("GET", "/v1/lists/popular?category=x|y&k=2")[1]
    places = [(each["place"], each["item_id"]) for each in popular["items"]]
    assert places == [(1, "old"), (2, "sea")]
    assert popular["items"][0]["rise"] is None
    assert popular["half_lives_s"] == [SLOW_S]
    assert ids_of(ask("GET", "/v1/lists/new")[1]) == ["n", "late", "unread"]
    assert ids_of(ask("GET", f"/v1/lists/new?now={NOW}")[1]) == ["n", "unread"]


def ids_of(answer):
    return [each["item_id"] for each in answer["items"]]


def test_items_that_were_put_in_have_their_limits(ask):
    limits = {"available_from": NOW + 10, "available_until": NOW + 20}
    item = {"item_id": "brief", "title": "Brief", **limits}
    assert ask("POST", "/v1/items", item)[0] == 202
    found = [
        "brief" in ids_of(ask("GET", f"/v1/lists/new?now={NOW + s}")[1])
        for s in (9, 10, 19, 20)
    ]
    assert found == [False, True, True, False]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("best", 404, "must be one of popular, trending, new. Received: 'best'"),
        ("popular?k=0", 422, "`k`"),
        ("popular?now=0", 422, "`now`"),
        ("popular?query=x", 422, "query"),
    ],
)
def test_wrong_questions(ask, path, status, words):
    found, answer = ask("GET", f"/v1/lists/{path}")
    assert found == status
    assert words in answer["detail"]
