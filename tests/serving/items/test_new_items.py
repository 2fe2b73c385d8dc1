"""Items put in and taken out while a model is served."""

import gc
import json
import shutil
import threading

import numpy as np
import pandas as pd
import pytest

from serving.batch_score import main as batch_score
from serving.index import main as index
from serving.model_server.model_store import ModelSettings, ModelStore
from serving.model_server.new_items import load_live
from serving.model_server.server import ModelServer
from serving.model_server.server_settings import ServerSettings
from serving.user_states.memory import MemoryStates
from tests.serving.online.gateway_process import eventually, gateway_thread
from tests.serving.programs import run_program
from tfrec.data.item_changes import ItemChange
from tfrec.export.item_log import ItemLog

FLAVOURS = ("exact", pytest.param("scann", marks=pytest.mark.slow))
ROSES = {"title": "Roses number 99", "text": "About roses and patient soil."}
NEW = ItemChange(item_id="né 新", category="garden|novel", **ROSES)


@pytest.fixture(params=FLAVOURS)
def folder(request, artefact_folders, tmp_path):
    """A model's folder with one version, and room for a log."""
    return copy(artefact_folders[request.param], tmp_path)


@pytest.fixture
def exact(artefact_folders, tmp_path):
    return copy(artefact_folders["exact"], tmp_path)


def copy(version, folder):
    shutil.copytree(version, folder / "toy" / "1")
    return folder / "toy"


def recommend(servable, history=("garden-00",), k=10, **inputs):
    """Ids that somebody gets."""
    given = {
        "user_text": np.array([""], object),
        "history_item_ids": np.array([list(history)], object),
        "k": np.array([k], np.int32),
    }
    given |= {name: np.array([value], object) for name, value in inputs.items()}
    ids = servable.run("recommend", given)["item_ids"][0]
    return [each.decode() for each in ids if each]


def follows(servable, item_id, is_there, **inputs):
    eventually(lambda: (item_id in recommend(servable, **inputs)) == is_there, 120)


def test_batch_scoring_knows_the_items_of_now(exact, tmp_path, monkeypatch):
    ItemLog.of(exact).append([NEW, ItemChange(item_id="garden-01", is_removed=True)])
    log = {"user_id": ["ann"], "item_id": ["garden-00"], "timestamp": [5]}
    events, out = tmp_path / "log.csv", tmp_path / "out.csv"
    pd.DataFrame(log).to_csv(events, index=False)
    flags = ["--model", exact, "--events", events, "--out", out, "-k", 1000]
    assert run_program(monkeypatch, batch_score, *flags) == 0
    found = set(pd.read_csv(out)["item_id"])
    assert NEW.item_id in found
    assert "garden-02" in found
    assert "garden-01" not in found


def test_put_in_and_taken_out(folder):
    """By every signature that names or ranks items; an old one replaced as well."""
    servable, log = load_live(folder), ItemLog.of(folder)
    everything = recommend(servable, k=100)
    assert NEW.item_id not in everything
    log.append([NEW])
    follows(servable, NEW.item_id, True, k=100)
    assert recommend(servable, categories=["novel"]) == [NEW.item_id]
    assert set(recommend(servable, k=100)) == {*everything, NEW.item_id}
    assert NEW.item_id not in recommend(servable, ("garden-00", NEW.item_id), k=100)
    texts = {"user_text": np.array([""], object)}
    asked = texts | {"candidate_item_ids": np.array([[NEW.item_id, "x"]], object)}
    chances = servable.run("score_interest", asked)["probabilities"][0]
    assert chances[0] > 0 == chances[1]
    interest = servable.run("embed_query", texts)["embedding"]
    found = servable.run("recommend_from_interest", {"interest": interest})
    assert found["item_ids"].shape == (1, 10)
    log.append([ItemChange(item_id=each, is_removed=True) for each in everything])
    follows(servable, everything[0], False, k=100)
    assert recommend(servable, k=100) == [NEW.item_id]
    log.append([ItemChange(item_id=everything[0], title="space", category="novel")])
    follows(servable, everything[0], True, k=100)
    assert set(recommend(servable, k=9)) == {NEW.item_id, everything[0]}


def test_what_is_like_new_items_and_removed_ones(folder):
    servable, log = load_live(folder), ItemLog.of(folder)
    twin = ItemChange(item_id="twin", category="garden|novel", **ROSES)
    other = ItemChange(item_id="other", title="Roses number 98", category="garden")
    log.append([NEW, twin, other, ItemChange(item_id="garden-01", is_removed=True)])
    follows(servable, "other", True, k=100)
    asked = [NEW.item_id, "garden-00", "garden-01", "no such item"]
    found = servable.run(
        "similar",
        {"item_ids": np.array(asked, object), "k": np.full(4, 100, np.int32)},
    )
    rows = [{each.decode() for each in row if each} for row in found["item_ids"]]
    gardens = {f"garden-{number:02d}" for number in range(2, 15)}
    assert rows[0] > gardens | {"other", "garden-00"}
    assert rows[1] > gardens | {"other", "twin", NEW.item_id}
    assert rows[2] > gardens | {"garden-00", NEW.item_id}
    assert rows[3] == set()
    assert not rows[0] & {NEW.item_id, "twin"}  # of the same text
    assert all("garden-01" not in row for row in rows)


def test_new_items_come_after_others(folder):
    """After one of the catalogue and a new one; known to vectors and compacted, too."""
    servable, log = load_live(folder), ItemLog.of(folder)
    second = ItemChange(item_id="second", category="novel", after="garden-00")
    third = ItemChange(item_id="third", category="novel", after="garden-01|second")
    log.append([second, third])
    novel = {"k": 100, "categories": ["novel"]}
    follows(servable, "second", True, history=("garden-00",), **novel)
    for history, expected in (
        (("garden-01",), []),
        (("garden-00", "second", "garden-01"), ["third"]),
        (("second", "garden-01"), ["third"]),
    ):
        assert recommend(servable, history, **novel) == expected
    texts = {"user_text": np.array([""], object)}
    asked = {"interest": servable.run("embed_query", texts)["embedding"]}
    asked |= {"categories": np.array([["novel"]], object)}
    for met, expected in (([""], []), (["garden-01", "second"], [b"third"])):
        given = asked | {"met_item_ids": np.array([met], object)}
        found = servable.run("recommend_from_interest", given)["item_ids"][0]
        assert [each for each in found if each] == expected


def test_what_was_logged_is_there_after_a_restart(exact):
    """Before the first request is answered, and for a version that comes later."""
    ItemLog.of(exact).append([NEW, ItemChange(item_id="garden-01", is_removed=True)])
    shutil.copytree(exact / "1", exact / "2")
    store = ModelStore(ModelSettings("toy", exact))
    for last in (1, 2):
        if last == 1:
            shutil.move(exact / "2", exact / ".2")
        else:
            shutil.move(exact / ".2", exact / "2")
        store.poll()
        version = store.get()
        assert version.number == last
        found = recommend(version.servable, k=100)
        assert NEW.item_id in found
        assert "garden-01" not in found


def test_an_item_that_was_learnt_since_stays_as_learnt(exact):
    """Its old line in the log would cost it all that its events have taught.

    And a servable that goes is not followed any more.
    """
    log, old = ItemLog.of(exact), "garden-02"
    log.append([ItemChange(item_id=old, title="space", category="novel")])
    line = json.loads(log.path.read_text()) | {"time": 1.0}
    log.path.write_text(json.dumps(line) + "\n")
    servable = load_live(exact)
    assert recommend(servable, categories=["novel"]) == []
    log.append([ItemChange(item_id=old, title="space", category="novel")])
    follows(servable, old, True, categories=["novel"])
    name = f"items of {log.path}"
    assert name in [thread.name for thread in threading.enumerate()]
    del servable
    gc.collect()
    eventually(lambda: name not in [thread.name for thread in threading.enumerate()])


def test_requests_see_a_change_whole(exact):
    """Two items always come and go together, whatever runs meanwhile."""
    servable, log = load_live(exact), ItemLog.of(exact)
    pair = [ItemChange(item_id=each, category="novel") for each in ("n1", "n2")]
    gone = [ItemChange(item_id=each.item_id, is_removed=True) for each in pair]
    stopped, seen = threading.Event(), set()

    def ask():
        while not stopped.is_set():
            seen.add(frozenset(recommend(servable, categories=["novel"])))

    askers = [threading.Thread(target=ask, daemon=True) for _ in range(2)]
    for asker in askers:
        asker.start()
    both, neither = frozenset(["n1", "n2"]), frozenset()
    for _ in range(6):
        for changes, there in ((pair, both), (gone, neither)):
            log.append(changes)
            follows(servable, "n1", bool(there), categories=["novel"])
            # An asker's first call takes long.
            eventually(lambda there=there: there in seen, 120)
    stopped.set()
    for asker in askers:
        asker.join()
    assert seen == {both, neither}


def test_the_programs(exact, monkeypatch, capsys, tmp_path):
    """Table in, id out, version written: the exit codes and words."""
    table = tmp_path / "items.csv"
    table.write_text("item_id,title,category,domain\nn1,Roses,novel,x\nn2,,novel,\n")
    assert run_program(monkeypatch, index, "compact", exact) == 1
    assert "There must be changes to compact" in capsys.readouterr().err
    assert run_program(monkeypatch, index, "add", exact, table) == 0
    assert "2 items added" in capsys.readouterr().out
    assert run_program(monkeypatch, index, "remove", exact, "n2", "garden-01") == 0
    servable = load_live(exact)
    assert recommend(servable, categories=["novel"]) == ["n1"]
    assert "garden-01" not in recommend(servable, k=100)
    assert run_program(monkeypatch, index, "add", tmp_path, table) == 1
    assert "must be a folder of integer version folders" in capsys.readouterr().err


def test_the_program_keeps_the_order(exact, monkeypatch, capsys, tmp_path):
    """Beside what the version and the log have."""
    table = tmp_path / "items.csv"
    table.write_text("item_id,after\nn1,garden-00|nowhere\nn2,n1\n")
    assert run_program(monkeypatch, index, "add", exact, table) == 0
    assert "1 ids in `after` are not in the catalogue" in capsys.readouterr().out
    table.write_text("item_id,after\ngarden-00,n2\n")
    assert run_program(monkeypatch, index, "add", exact, table) == 1
    assert "'garden-00' after 'n2' after 'n1'" in capsys.readouterr().err
    assert len(ItemLog.of(exact).read().changes) == 2


def test_batch_scoring_reads_whole_histories_for_it(exact, tmp_path, monkeypatch):
    """The first event is what the new item comes after, older than the model reads."""
    manifest = json.loads((exact / "1/assets.extra/manifest.json").read_text())
    ItemLog.of(exact).append([ItemChange(item_id="n1", after="garden-00")])
    length = 2 + manifest["max_history_length"]
    frames = [
        {"user_id": user, "item_id": first, "timestamp": 1}
        for user, first in (("ann", "garden-00"), ("bob", "garden-01"))
    ]
    for user in ("ann", "bob"):
        frames += [
            {"user_id": user, "item_id": f"garden-{2 + n % 9:02d}", "timestamp": 5 + n}
            for n in range(length)
        ]
    events, out = tmp_path / "log.csv", tmp_path / "out.csv"
    pd.DataFrame(frames).assign(event="play").to_csv(events, index=False)
    flags = ["--model", exact, "--events", events, "--out", out, "-k", 1000]
    assert run_program(monkeypatch, batch_score, *flags) == 0
    found = pd.read_csv(out)
    assert found[found["item_id"] == "n1"]["user_id"].tolist() == ["ann"]


def test_over_http(exact):
    """The gateway writes the log, the model server follows it."""
    store = ModelStore(ModelSettings("toy", exact))
    server = ModelServer([store], ServerSettings(max_threads=4))
    server.start(1, threading.Event())
    items, log = exact / "1" / "assets.extra" / "items.parquet", ItemLog.of(exact)
    states = MemoryStates()
    with gateway_thread(states, server.address, items, item_log=log) as ask:
        body = {"item_id": NEW.item_id, "category": "novel", **ROSES}
        assert ask("POST", "/v1/items", [body]) == (202, {"accepted": 1})

        def found(**wishes):
            answer = ask.recommend("ann", category="novel", **wishes)
            return [(i["item_id"], i["title"]) for i in answer["items"]]

        eventually(lambda: found() == [(NEW.item_id, "Roses number 99")], 60)
        status, titles = ask("GET", "/v1/items?query=roses")
        assert [i["item_id"] for i in titles["items"]] == [NEW.item_id]
        assert ask("DELETE", "/v1/items/n%C3%A9%20%E6%96%B0")[0] == 202
        eventually(lambda: not found(), 60)
        assert ask("GET", "/v1/items?query=roses")[1] == {"items": []}
        for wrong, words in (
            ({"item_id": ""}, "must not be empty"),
            ({"item_id": "a", "colour": 1}, "colour"),
            ({"item_id": "a", "available_from": 5, "available_until": 5}, "after"),
            ([], "must have at least 1 entries"),
            ({"item_id": "a", "after": ["a"]}, "'a' after 'a'"),
            (
                [{"item_id": "a", "after": "b"}, {"item_id": "b", "after": "a"}],
                "`after` must not lead from an item back to itself",
            ),
        ):
            status, answer = ask("POST", "/v1/items", wrong)
            assert status == 422
            assert words in answer["detail"]
        assert len(log.read().changes) == 2
        check_order_over_http(ask)
    server.drain()


def check_order_over_http(ask):
    """New items after one of the catalogue, asked by history and by vector."""
    first = {"item_id": "n1", "category": "novel", "after": "garden-00"}
    second = {"item_id": "n2", "category": "novel", "after": ["n1", "nowhere"]}
    status, answer = ask("POST", "/v1/items", [first, second])
    assert status == 202
    assert answer["accepted"] == 2
    assert "1 ids in `after` are not in the catalogue ('nowhere')" in answer["warning"]
    circle = {"item_id": "garden-00", "after": "n2"}
    assert ask("POST", "/v1/items", circle)[0] == 422

    def found(user_id, **options):
        answer = ask.recommend(user_id, category="novel", **options)
        return [item["item_id"] for item in answer["items"]]

    event = {"user_id": "bob", "item_id": "garden-00", "timestamp": 100}
    assert ask("POST", "/v1/events", event)[0] == 202
    eventually(lambda: found("bob") == ["n1"], 60)
    assert found("bob", mode="interest") == ["n1"]
    assert found("ann") == found("ann", mode="interest") == []
    asked = "/v1/items/garden-01/similar?category=novel"
    for met, expected in (("", []), ("&met=garden-00", ["n1"])):
        answer = ask("GET", asked + met)[1]
        assert [item["item_id"] for item in answer["items"]] == expected
