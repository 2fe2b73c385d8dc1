"""Tests of serving.gateway.rows over HTTP, against a real server of the toy."""

import time

import pandas as pd
import pytest

from serving.user_states.memory import MemoryStates
from tests.contracts.user_states import event
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.server_process import serving
from tests.serving.toy_artefact import write_toy

NOW = int(time.time())


@pytest.fixture(scope="module")
def items(toy, tmp_path_factory):
    """The toy's table of items, of which one has taught the model nothing."""
    table = pd.read_parquet(toy / "1" / "assets.extra" / "items.parquet")
    learnt = [int(item_id != "e") for item_id in table["item_id"]]
    path = tmp_path_factory.mktemp("rows") / "items.parquet"
    table.assign(num_events=learnt).to_parquet(path)
    return path


@pytest.fixture(scope="module")
def states():
    """Ann bought "a"; others view "d" now."""
    states = MemoryStates()
    states.append([event("ann", NOW - 60, "a", event="buy")])
    for number in range(9):
        states.append([event(f"other {number}", NOW, "d", event="view")])
    return states


@pytest.fixture(scope="module")
def ask(target, items, states):
    with gateway_thread(states, target, items) as ask:
        yield ask


def rows(ask, user_id="ann", **options):
    query = "&".join(f"{name}={value}" for name, value in ({"k": 1} | options).items())
    status, answer = ask("GET", f"/v1/users/{user_id}/rows?{query}")
    assert status == 200, answer
    return answer["rows"]


def shown(found):
    return [
        (row["kind"], row["title"], [item["item_id"] for item in row["items"]])
        for row in found
    ]


def test_rows_say_why_they_are_there(ask):
    assert shown(rows(ask)) == [
        ("recommended", "Recommended for you", ["b"]),
        ("similar", "Because you bought “Title of a”", ["c"]),
        ("trending", "Trending", ["d"]),  # nothing trends in the category of "b"
        ("new", "New for you", ["e"]),
    ]


def test_items_have_words_and_the_first_row_has_reasons(ask):
    first, second, *_ = (row["items"][0] for row in rows(ask))
    assert (first["title"], first["categories"]) == ("Title of b", ["x"])
    assert first["reason"].startswith("because you bought “Title of a”")
    assert second["reason"] is None


def test_no_item_comes_twice_and_none_of_the_history(ask):
    found = [item for *_, ids in shown(rows(ask, k=3)) for item in ids]
    assert len(found) == len(set(found))
    assert "a" not in found


def test_trending_is_of_the_category_that_is_recommended_most(ask, states):
    states.append([event("eve", NOW, "e", event="buy")])
    titles = [title for _, title, _ in shown(rows(ask, "eve"))]
    assert "Trending in y" not in titles  # "d" is recommended itself
    states.append([event(str(n), NOW, "café") for n in range(9)])
    titles = {title: ids for _, title, ids in shown(rows(ask, "eve"))}
    assert titles["Trending in y"] == ["café"]


def test_a_low_rating_is_no_cause(ask, states):
    ratings = {"a": 5.0, "b": 4.0, "c": 1.0}
    states.append(
        [
            event("bob", NOW - 9 + n, item_id, event="rating", value=value)
            for n, (item_id, value) in enumerate(ratings.items())
        ]
    )
    titles = [title for kind, title, _ in shown(rows(ask, "bob")) if kind == "similar"]
    assert titles == [
        "Because you rated “Title of b” 4",
        "Because you rated “Title of a” 5",
    ]


def test_somebody_new_has_no_row_of_similar_items(ask):
    assert "similar" not in [kind for kind, *_ in shown(rows(ask, "nobody"))]


def test_titles_follow_the_language(ask):
    titles = [title for _, title, _ in shown(rows(ask, lang="zh"))]
    assert titles[:2] == ["为您推荐", "因为您买过“Title of a”"]


def test_a_model_of_before_similar_items_has_the_other_rows(tmp_path, items, states):
    write_toy(tmp_path / "toy", without=("similar",))
    flags = ("--model_name=toy", f"--model_base_path={tmp_path / 'toy'}")
    with (
        serving(*flags) as server,
        gateway_thread(states, server.target, items) as ask,
    ):
        kinds = [kind for kind, *_ in shown(rows(ask))]
    assert kinds == ["recommended", "trending", "new"]


def test_without_the_model_server_there_are_words(items, states):
    with gateway_thread(states, "127.0.0.1:1", items) as ask:
        status, answer = ask("GET", "/v1/users/ann/rows")
    assert status == 503
    assert "The model server does not answer" in answer["detail"]
