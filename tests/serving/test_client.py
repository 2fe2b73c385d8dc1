"""Tests of serving.client against a real server."""

import asyncio
import threading
from concurrent import futures

import numpy as np
import pandas as pd
import pytest

from serving.client import main
from tests.serving.boosted_toy import BoostedToy
from tests.serving.programs import run_program
from tests.serving.server_process import ServerProcess, serving
from tests.serving.toy_artefact import (
    ITEM_IDS,
    VECTORS,
    embedding_oracle,
    ranking_oracle,
    write_toy,
)
from tfrec.client import predictor
from tfrec.client.answers import EventKind, SimilarItem
from tfrec.client.async_client import AsyncRecommenderClient
from tfrec.client.client import Client, RecommenderClient
from tfrec.client.histories import QueryError
from tfrec.export.loaded import load
from tfrec.protocol.status import RequestError

DAY_S = 86_400
HISTORY = [("a", "view", 1.0, 1 * DAY_S), ("e", "skip", 0.5, 2 * DAY_S)]


def ids(found):
    return [item.item_id for item in found]


def test_recommend_equals_the_oracle(client):
    found = client.recommend(
        HISTORY, k=3, user_text="ab", query_text="abcd", now=3 * DAY_S
    )
    embedding = embedding_oracle(HISTORY, "ab", "abcd", 3 * DAY_S)
    expected = ranking_oracle(embedding, hidden=["a", "e"], k=3)
    assert ids(found) == expected
    score = VECTORS[ITEM_IDS.index(expected[0])] @ embedding
    assert found[0].score == pytest.approx(score, rel=1e-5)
    assert found[0].probability == pytest.approx(1 / (1 + np.exp(-score)), rel=1e-5)
    assert found[0].title == f"Title of {expected[0]}"


@pytest.mark.parametrize(
    "history",
    [
        HISTORY[::-1],
        pd.DataFrame(HISTORY, columns=["item_id", "event", "value", "timestamp"]),
    ],
)
def test_form_and_order_of_the_history_do_not_matter(client, history):
    assert client.recommend(history) == client.recommend(HISTORY)


def test_every_wish_reaches_the_model(client):
    everything = client.recommend(["a"])
    assert ids(everything) == ["b", "c", "d", "e", "café"]  # dot product with (1, 0)
    assert ids(client.recommend(["a"], exclude=["b", "d"])) == ["c", "e", "café"]
    assert ids(client.recommend(["a"], allow_repeats=True))[0] == "a"
    assert ids(client.recommend(["a"], categories=["y"])) == ["d", "e", "café"]
    likely = client.recommend(["a"], min_probability=0.6)
    assert ids(likely) == ["b", "c"]  # sigmoid(0.8), sigmoid(0.6); sigmoid(0.2) = 0.55
    assert len(client.recommend(["a"], k=2)) == 2


OLD = "Boosts and freshness are not applied: the model that answers was saved before"


@pytest.fixture(scope="module")
def boosted(tmp_path_factory):
    """`host:port` of a server of the toy that takes boosts."""
    folder = tmp_path_factory.mktemp("boosted") / "toy"
    write_toy(folder, kind=BoostedToy)
    with serving("--model_name=toy", f"--model_base_path={folder}") as server:
        yield server.target


def test_boosts_and_freshness_reach_the_model(boosted):
    """The scores of b to café are 0.8, 0.6, 0.2, 0.05 and -0.5."""
    with Client(boosted, "toy") as client:
        usual = client.recommend([["a"]])
        lifted = client.recommend([["a"]], boosts={"y": 0.7, "x": -1})
        assert list(lifted["item_id"]) == ["d", "e", "café", "b", "c"]
        np.testing.assert_allclose(
            lifted["score"], [0.9, 0.75, 0.2, -0.2, -0.4], atol=1e-6
        )
        chances = usual.set_index("item_id")["probability"]
        found = lifted.set_index("item_id")["probability"]
        assert found.to_dict() == chances.to_dict()
        fresh = client.recommend([["a"]], freshness=(4, 24), now=2 * DAY_S)
        assert fresh["item_id"][0] == "café"
        assert fresh["score"][0] == pytest.approx(-0.5 + 4 / 2)  # a day old
        service = client.service
        vector = service.embed_query(["a"])
        found = service.recommend_from_interest(vector, boosts={"y": 0.7, "x": -1})
        assert ids(found) == ["d", "e", "café", "a", "b", "c"]


def test_boosts_on_asyncio(boosted):
    async def ask():
        async with AsyncRecommenderClient(boosted, "toy") as client:
            return await client.recommend(["a"], boosts={"y": 9}, k=3)

    assert ids(asyncio.run(ask())) == ["d", "e", "café"]


def test_an_older_model_answers_without_boosts_and_that_is_said_once(
    client, target, caplog
):
    usual = client.recommend(["a"])
    for _ in range(2):
        assert client.recommend(["a"], boosts={"y": 9}) == usual
    vector = client.embed_query(["a"])
    plain = client.recommend_from_interest(vector)
    assert client.recommend_from_interest(vector, freshness=(1, 1)) == plain
    assert [OLD in line for line in caplog.messages] == [True]
    caplog.clear()
    assert client.recommend(["a"], popular={"b": 3}, boosts={"y": 9}) == usual
    assert client.recommend_from_interest(vector, popular={"b": (3, 1)}) == plain
    assert ["Live counts are not applied" in each for each in caplog.messages] == [True]


def test_an_older_model_asked_for_frames_or_on_asyncio(target, caplog):
    async def ask():
        async with AsyncRecommenderClient(target, "toy") as client:
            return await client.recommend(["a"], boosts={"y": 9})

    with Client(target, "toy") as client:
        usual = client.recommend([["a"]])
        pd.testing.assert_frame_equal(client.recommend([["a"]], boosts={"y": 9}), usual)
    assert ids(asyncio.run(ask())) == list(usual["item_id"])
    assert [OLD in line for line in caplog.messages] == [True, True]


def test_other_errors_of_a_boosted_request_stay(client):
    with pytest.raises(RequestError, match="`k` must be at most 10000"):
        client.recommend(["a"], boosts={"y": 9}, k=20_000)


def test_many_users_of_unlike_width_get_what_each_gets_alone(client):
    asked = [
        {"history": HISTORY, "k": 1},
        {"history": ["b", "c", "d"], "k": 5, "exclude": ["e"]},
        {"user_text": "new here"},
        {"history": [("café", "view", 3.0, 5)], "categories": ["x", "y"]},
    ]
    together = client.recommend_many(asked)
    alone = [client.recommend(**each) for each in asked]
    assert list(map(ids, together)) == list(map(ids, alone))
    for some, same in zip(sum(together, []), sum(alone, []), strict=True):
        # Not bit by bit: the width of a batch decides how the processor rounds.
        assert some.score == pytest.approx(same.score, rel=1e-6)
        assert some.probability == pytest.approx(same.probability, rel=1e-6)
    assert client.recommend_many([]) == []


def test_embedding_goes_round(client):
    """Recommending from the embedding is recommending, but for the seen items."""
    embedding = client.embed_query(HISTORY, user_text="ab", now=3 * DAY_S)
    expected = embedding_oracle(HISTORY, "ab", now=3 * DAY_S)
    np.testing.assert_allclose(embedding, expected, rtol=1e-5)
    found = client.recommend_from_interest(embedding, k=2, exclude=["a"])
    assert ids(found) == ranking_oracle(expected, hidden=["a"], k=2)


def test_similar_items(client):
    """By the vectors' products; nothing is like an item that is not there."""
    of_a, of_nope, of_e = client.similar(["a", "nope", "e"], k=3)
    # a = (1, 0) with b, c, d: .8, .6, .2; e = (.05, 1) with d, c, b: .86, .68, .29
    assert (ids(of_a), of_nope, ids(of_e)) == (["b", "c", "d"], [], ["d", "c", "b"])
    assert of_a[0] == SimilarItem("b", pytest.approx(0.8), "Title of b")
    some = client.similar(["a"], exclude=["b"], categories=["x"], now=3 * DAY_S)
    assert ids(some[0]) == ["c"]
    assert client.similar([]) == []


def test_similar_items_on_asyncio(target):
    async def ask():
        async with AsyncRecommenderClient(target, "toy") as client:
            return await client.similar(["a"], k=1), await client.similar([])

    found, nothing = asyncio.run(ask())
    assert (ids(found[0]), nothing) == (["b"], [])


def test_similar_items_as_a_frame(target, toy):
    items = toy / "1" / "assets.extra" / "items.parquet"
    with Client(target, "toy", items=items) as client:
        found = client.similar(["e", "nope", "a"], k=2)
        assert len(client.similar([], k=2)) == 0
    assert found["query"].tolist() == ["e", "e", "a", "a"]
    assert found["rank"].tolist() == [1, 2, 1, 2]
    assert found["item_id"].tolist() == ["d", "c", "b", "c"]
    assert found["title"][0] == "Title of d"
    np.testing.assert_allclose(found["score"], [0.86, 0.68, 0.8, 0.6], rtol=1e-5)


def test_similar_items_of_many_in_several_calls(toy, monkeypatch):
    model = load(toy)
    whole = model.similar(ITEM_IDS, k=2)
    monkeypatch.setattr(predictor, "ITEMS_AT_ONCE", 4)
    assert model.similar(ITEM_IDS, k=2).equals(whole)


def test_a_model_of_before_similar_items(tmp_path):
    model = load(write_toy(tmp_path / "toy", without=("similar",)))
    words = "must have the signature `similar`.*Train and save a new version"
    with pytest.raises(RequestError, match=words):
        model.similar(["a"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"item_ids": "50"}, "`item_ids` must be a list of ids"),
        ({"item_ids": [None]}, "`item_ids` must"),
        ({"item_ids": ["a"], "k": 0}, "`k` must be from 1"),
        ({"item_ids": ["a"], "domain": "books"}, "`domain` must be a list"),
    ],
)
def test_similar_items_that_cannot_be_asked_for(client, asked, words):
    with pytest.raises(QueryError, match=words):
        client.similar(**asked)


def test_score_interest(client):
    probabilities = client.score_interest(["c", "nope", "a"], ["a"])
    # (1, 0) with (0.6, 0.65) and (1, 0); an item that is not there has 0
    expected = [1 / (1 + np.exp(-0.6)), 0, 1 / (1 + np.exp(-1.0))]
    np.testing.assert_allclose(probabilities, expected, rtol=1e-5)


def test_score_texts(client):
    """In pairs; one text stands for all."""

    def chance(logit):
        return pytest.approx(1 / (1 + np.exp(-logit)))

    assert client.score_texts("abcd", "ab")[0] == chance(2)
    found = client.score_texts(["abcd", ""], ["ab", "a"], text="x", category=["", "y"])
    assert list(found) == [chance(1), chance(-3)]


def test_score_texts_of_unlike_number(client):
    with pytest.raises(QueryError, match="`title` must be a text, or a list of one"):
        client.score_texts(["a", "b", "c"], ["d", "e"])
    with pytest.raises(QueryError, match="`user_text` must be a text"):
        client.score_texts([None], "d")


def test_program_judges_a_person_and_an_item(target, monkeypatch, capsys):
    asked = {"target": target, "model": "toy"}
    asked |= {"user-text": "abc", "title": "a", "category": "b"}
    flags = [part for name, value in asked.items() for part in (f"--{name}", value)]
    assert run_program(monkeypatch, main, *flags) == 0
    assert capsys.readouterr().out == "Probability of interest: 0.731\n"


def test_explain_is_in_the_order_given(client):
    weights = client.explain(
        ["a", "e"], [("e", "view", 1.0, 20), ("b", "view", 2.0, 10)]
    )
    # candidates (1, 0) and (0.05, 1); events (0.05, 1) and 2 x (0.8, 0.25)
    np.testing.assert_allclose(weights, [[0.05, 1.6], [1.0025, 0.58]], rtol=1e-5)
    assert client.explain(["a"], []).shape == (1, 0)


def test_update_interest(client):
    updated = client.update_interest([0.0, 0.0], "c", reward=1.0, learning_rate=0.5)
    # 0.5 x (1 - sigmoid(0)) x (0.6, 0.65)
    np.testing.assert_allclose(updated, [0.15, 0.1625], rtol=1e-5)


def test_metadata_and_status(client):
    signature = client.metadata()["recommend"]
    assert str(signature.inputs["history_values"]) == "float32 [?, ?]"
    assert "user_text" not in signature.defaults
    assert signature.defaults["k"].tolist() == [10]
    (status,) = client.status()
    assert (status.version, status.state, status.error) == (1, "AVAILABLE", "")


def test_errors_carry_code_and_words(target):
    with RecommenderClient(target, "nope") as client:
        with pytest.raises(
            RequestError, match=r"NOT_FOUND: .*Latest\(nope\)"
        ) as caught:
            client.recommend(["a"])
        assert caught.value.code.name == "NOT_FOUND"
        with pytest.raises(
            RequestError, match="NOT_FOUND: Could not find any versions"
        ):
            client.status()


def test_nobody_there():
    with (
        RecommenderClient("127.0.0.1:1", "toy", timeout_s=5) as client,
        pytest.raises(RequestError, match="UNAVAILABLE"),
    ):
        client.recommend(["a"])


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs the program; gives exit code, stdout and stderr."""

    def run(*arguments):
        code = run_program(monkeypatch, main, *arguments)
        return code, *capsys.readouterr()

    return run


def test_program_prints_a_table(run, target, toy):
    items = toy / "1" / "assets.extra" / "items.parquet"
    asked = ("--target", target, "--model", "toy", "--history", "a, b", "-k", 2)
    code, out, _ = run(*asked, "--items", items)
    assert code == 0
    rows = [line for line in out.splitlines() if "Title of" in line]
    assert len(rows) == 2
    assert "Title of c" in rows[0]  # (1.8, 0.25) x (0.6, 0.65) = 1.2425
    assert "1.2425" in rows[0]
    assert "0.776" in rows[0]  # sigmoid(1.2425)


def test_program_shows_what_is_like_an_item(run, target, toy):
    items = toy / "1" / "assets.extra" / "items.parquet"
    asked = ("--target", target, "--model", "toy", "--similar", "e", "-k", 2)
    code, out, _ = run(*asked, "--items", items, "--exclude", "d", "--lang", "en")
    assert code == 0
    rows = [line for line in out.splitlines() if "Title of" in line]
    assert ["Title of c" in rows[0], "0.6800" in rows[0], len(rows)] == [True, True, 2]
    assert "probability" not in out
    _, out, _ = run(*asked[:-3], "nope", "--lang", "en")
    assert "Title of" not in out


def test_program_says_why_in_the_language_of_the_reader(run, target, toy, monkeypatch):
    items = toy / "1" / "assets.extra" / "items.parquet"
    asked = ("--target", target, "--model", "toy", "--history", "a,e", "-k", 2)
    asked += ("--items", items, "--explain")
    for name, value in {"COLUMNS": "200", "LC_ALL": "", "LANG": "de_DE.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("LC_MESSAGES", raising=False)
    # Without a kind: c's products with a and e are .6 and .68, b's .8 and .29
    _, out, _ = run(*asked)
    assert "because of “Title of e”" in out
    assert "probability" in out
    _, out, _ = run(*asked, "--lang", "zh")
    assert "因为“Title of e”" in out
    assert "概率" in out
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    _, out, _ = run(*asked)
    assert "因为“Title of e”" in out
    _, out, _ = run(*asked, "--categories", "none")
    assert out.strip() == "没有符合这些条件的条目。"
    _, out, _ = run(*asked, "--lang", "en")
    assert "because of “Title of e”" in out


def test_evidence_names_events_and_titles(client, toy):
    found = client.evidence(["b", "d"], [("a", "view", 1, 1), ("e", "skip", 2, 2)])
    (b, d) = found
    # Products with a and 2 e: b .8, .58; d .2, 1.72; the skip is no reason
    assert [each.item_id for each in b.events] == ["a", "e"]
    assert b.named_event.item_id == "a"
    assert d.named_event is None
    assert [each.item_id for each in d.events] == ["e"]
    assert client.evidence(["b"], [])[0].events == ()


@pytest.mark.parametrize(
    ("arguments", "expected", "words"),
    [
        (
            ["--target", "127.0.0.1:1", "--model", "toy", "--lang", "fr"],
            1,
            "Error: `--lang` must be en or zh. Received: 'fr'.",
        ),
        (["--target", "127.0.0.1:1"], 2, "Missing option '--model'"),
        (["--target", "127.0.0.1:1", "--model", "toy"], 1, "Error: UNAVAILABLE"),
        (
            ["--target", "127.0.0.1:1", "--model", "toy", "--k", 0],
            1,
            "Error: `k` must be from 1",
        ),
        (
            ["--target", "127.0.0.1:1", "--model", "toy", "--items", "none.parquet"],
            1,
            "none.parquet",
        ),
    ],
)
def test_program_exit_codes(run, arguments, expected, words):
    code, _, err = run(*arguments)
    assert code == expected
    assert words in err


def test_outlasts_a_server_that_is_killed_and_started_again(toy):
    """Callers ask all the time; what was asked while the server was away is answered
    within its timeout by the next one, on the same port."""
    flags = ("--model_name=toy", f"--model_base_path={toy}")
    first = ServerProcess(*flags)
    port = first.target.rpartition(":")[2]
    with (
        RecommenderClient(first.target, "toy", timeout_s=90, retries=200) as client,
        futures.ThreadPoolExecutor(4) as callers,
    ):
        stopped, answered = threading.Event(), threading.Semaphore(0)

        def ask():
            while not stopped.is_set():
                assert ids(client.recommend(["a"], k=1)) == ["b"]
                answered.release()

        asking = [callers.submit(ask) for _ in range(4)]
        for _ in range(8):
            assert answered.acquire(timeout=60)
        first.process.kill()
        first.process.wait()
        with (
            RecommenderClient(first.target, "toy", retries=0) as impatient,
            pytest.raises(RequestError, match="UNAVAILABLE"),
        ):
            impatient.recommend(["a"])
        while answered.acquire(blocking=False):
            pass  # of before the kill
        with serving(*flags, f"--port={port}"):
            for _ in range(8):
                assert answered.acquire(timeout=60)
            stopped.set()
            for caller in asking:
                caller.result()
        first.stop()


def test_kinds_of_events_and_what_they_speak_of(client):
    kinds = {kind.name: kind for kind in client.event_kinds()}
    assert list(kinds) == ["buy", "rating", "skip", "view"]
    assert kinds["view"] == EventKind("view", 5, 0, 1, 1.0, 0.0)
    assert [kind.is_dislike for kind in kinds.values()] == [False, False, True, False]
