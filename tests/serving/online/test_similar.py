"""Tests of serving.gateway.similar over HTTP, against a real server of the toy."""

import urllib.parse

import pytest

from serving.user_states.memory import MemoryStates
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.server_process import serving
from tests.serving.toy_artefact import write_toy


@pytest.fixture(scope="module")
def ask(target, toy):
    items = toy / "1" / "assets.extra" / "items.parquet"
    with gateway_thread(MemoryStates(), target, items) as ask:
        yield ask


def similar(ask, item_id, **options):
    address = f"/v1/items/{urllib.parse.quote(item_id, safe='')}/similar"
    return ask("GET", f"{address}?{urllib.parse.urlencode(options)}")


def ids(answer):
    return [item["item_id"] for item in answer["items"]]


def test_items_like_another_with_their_titles(ask):
    status, answer = similar(ask, "a", k=2)
    assert (status, ids(answer)) == (200, ["b", "c"])  # products .8 and .6
    first = answer["items"][0]
    assert first["score"] == pytest.approx(0.8)
    assert (first["title"], first["categories"]) == ("Title of b", ["x"])
    assert answer["model_version"] == 1
    assert answer["latency_ms"] > 0


def test_options(ask):
    # (-.5, -.45) with e, d, a, b, c: -.475, -.4825, -.5, -.5125, -.5925
    assert ids(similar(ask, "café")[1]) == ["e", "d", "a", "b", "c"]
    assert ids(similar(ask, "a", category="y")[1]) == ["d", "e", "café"]
    assert ids(similar(ask, "a", category="x|y", exclude="b|d|nope", k=2)[1]) == [
        *("c", "e")
    ]
    assert ids(similar(ask, "a", now=1_700_000_000, k=1)[1]) == ["b"]


def test_nothing_that_is_allowed_is_an_empty_list(ask):
    assert similar(ask, "a", category="none")[1]["items"] == []


@pytest.mark.parametrize("item_id", ["nope", "a/similar", "新"])
def test_an_item_that_is_not_known(ask, item_id):
    status, answer = similar(ask, item_id)
    assert status == 404
    assert "`item_id` must be an item that the model knows" in answer["detail"]
    assert repr(item_id) in answer["detail"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"k": 0}, "`k`"),
        ({"k": 1001}, "`k`"),
        ({"now": "yesterday"}, "`now`"),
        ({"query": "sea"}, "query"),
    ],
)
def test_wrong_options(ask, options, words):
    status, answer = similar(ask, "a", **options)
    assert status == 422
    assert words in answer["detail"]


def test_a_model_of_before_the_signature(tmp_path):
    write_toy(tmp_path / "toy", without=("similar",))
    flags = ("--model_name=toy", f"--model_base_path={tmp_path / 'toy'}")
    with (
        serving(*flags) as server,
        gateway_thread(MemoryStates(), server.target) as ask,
    ):
        status, answer = similar(ask, "a")
    assert status == 422
    assert "must have the signature `similar`" in answer["detail"]


def test_without_the_model_server_there_are_words():
    with gateway_thread(MemoryStates(), "127.0.0.1:1") as ask:
        status, answer = similar(ask, "a")
    assert status == 503
    assert "The model server does not answer" in answer["detail"]
