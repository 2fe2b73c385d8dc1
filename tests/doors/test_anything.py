"""Anything at every door: taken and served, or refused in words; never a failure."""

import json
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.batch_score import main as batch_score
from serving.index import main as index
from serving.user_states.events import EventError, read_event
from serving.user_states.memory import MemoryStates
from tests.doors.anything import EVENTS, GOOD, IDS, ITEMS, TEXTS, TIMES
from tests.serving.online.gateway_process import gateway_thread
from tests.serving.programs import run_program
from tfrec.client.client import RecommenderClient
from tfrec.client.histories import QueryError
from tfrec.data.item_changes import ItemChange
from tfrec.data.readers import read_events, read_items
from tfrec.errors import DataError
from tfrec.export.item_log import ItemLog

TOY = {"a", "b", "c", "d", "e", "café"}
some = settings(max_examples=40, deadline=None)


@pytest.fixture(scope="module")
def ask(target):
    with gateway_thread(MemoryStates(), target) as ask:
        yield ask


@pytest.fixture(scope="module")
def client(target):
    with RecommenderClient(target, "toy") as client:
        yield client


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Writes rows as a JSONL file; gives its path."""
    path = tmp_path_factory.mktemp("tables") / "table.jsonl"

    def write(*rows):
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        return path

    return write


def read_changes(path):
    """The items of a table as `serving.index` puts them in."""
    rows = read_items(path).frame.drop(columns="domain").to_dict("records")
    return [ItemChange(**row) for row in rows]


def is_taken(read, *arguments):
    """Whether a reader takes it; it may refuse it in words alone."""
    try:
        read(*arguments)
    except (DataError, EventError) as error:
        return not str(error)  # the refusal has words
    return True


def without_user(event):
    return {name: event[name] for name in event if name != "user_id"}


@some
@given(EVENTS)
def test_what_the_gateway_takes_is_served(ask, event):
    status, answer = ask("POST", "/v1/events", event)
    assert status in (202, 413, 422), answer
    if status == 202:
        read = read_event(json.dumps(event))
        found = ask.recommend(read.user_id)["items"]
        assert {item["item_id"] for item in found} == TOY - {read.item_id}
        path = f"/v1/users/{urllib.parse.quote(read.user_id, safe='')}"
        assert ask("GET", f"{path}/state")[1]["events"]
        assert ask("DELETE", path) == (200, {"forgotten": True})


@some
@given(st.lists(EVENTS.map(without_user)))
def test_sessions_get_all_there_is(ask, history):
    body = {"history": history}
    status, answer = ask("POST", "/v1/sessions/recommendations", body)
    assert status in (200, 413, 422), answer
    if status == 200:
        assert len(answer["items"]) >= len(TOY) - len(history)


@settings(max_examples=150, deadline=None)
@given(EVENTS)
def test_kafka_and_files_take_the_same_events(table, event):
    """A message is read by `read_event`, as the gateway's bodies are."""
    assert is_taken(read_event, json.dumps(event)) == is_taken(
        read_events, table(event)
    )


@settings(max_examples=150, deadline=None)
@given(ITEMS)
def test_the_log_of_items_and_files_take_the_same_items(table, item):
    assert is_taken(lambda: ItemChange(**item)) == is_taken(read_changes, table(item))


@some
@given(st.lists(EVENTS), TEXTS, TIMES, st.lists(IDS))
def test_the_client_asks_for_what_the_server_answers(
    client, history, text, now, exclude
):
    history = [without_user(each) for each in history]
    wishes = {"query_text": text, "now": now, "exclude": exclude}
    try:
        found = client.recommend(history, **wishes)
    except QueryError:
        return
    assert len(found) >= len(TOY) - len(history) - len(exclude)


@settings(max_examples=10, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=5))
def test_batches_are_whole_or_not_there(toy, table, tmp_path_factory, events):
    out = tmp_path_factory.mktemp("out") / "out.jsonl"
    flags = ["--model", toy, "--events", table(*events), "--out", out]
    with pytest.MonkeyPatch.context() as patch:
        code = run_program(patch, batch_score, *flags)
    assert code == (0 if out.exists() else 1)
    assert out.exists() == all(is_taken(read_events, table(e)) for e in events)
    assert [*out.parent.iterdir()] == ([out] if code == 0 else [])


@settings(max_examples=25, deadline=None)
@given(st.lists(ITEMS, min_size=1, max_size=3))
def test_items_are_put_in_together_or_not_at_all(tmp_path_factory, table, items):
    model = tmp_path_factory.mktemp("model")
    (model / "1").mkdir()
    (model / "1" / "saved_model.pb").touch()
    with pytest.MonkeyPatch.context() as patch:
        code = run_program(patch, index, "add", model, table(*items))
    changes = ItemLog.of(model).read()
    assert (code, len(changes.changes)) in ((0, len(items)), (1, 0))
    assert not changes.problems


def test_the_good_event_is_taken_everywhere(ask, table):
    assert ask("POST", "/v1/events", GOOD)[0] == 202
    assert is_taken(read_events, table(GOOD))
