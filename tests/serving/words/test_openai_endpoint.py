"""Tests of serving.words.openai_endpoint, against a real server on a socket."""

import re
import time
import tracemalloc

import pytest

from serving.words.contract import LanguageModelError
from serving.words.openai_endpoint import OpenAIEndpoint
from tests.contracts.language_model import (
    LATE_S,
    QUESTION,
    LanguageModelContract,
    in_s,
)
from tests.serving.words.endpoint import (
    Endpoint,
    answering,
    event,
    floods,
    says,
    says_whole,
    sends,
)
from tfrec.errors import ConfigError

KEY = "sk-secret-of-a-test"


def ask(endpoint, seconds=5.0):
    model = OpenAIEndpoint(endpoint.url, "tiny")
    return model.generate(QUESTION, max_tokens=12, deadline=in_s(seconds))


class TestOpenAIEndpoint(LanguageModelContract):
    @pytest.fixture
    def model(self):
        with answering(says("Hello, sea.")) as endpoint:
            yield OpenAIEndpoint(endpoint.url, "tiny")


@pytest.mark.parametrize("act", [says("Hé, 海."), says_whole("Hé, 海.")])
def test_a_text_comes_whole_streamed_or_not(act):
    with answering(act) as endpoint:
        answer = ask(endpoint)
    assert answer.text == "Hé, 海."
    assert answer.prompt_tokens == 50
    assert not answer.is_cut
    (question,) = endpoint.questions
    assert question["model"] == "tiny"
    assert question["messages"] == QUESTION
    assert question["max_tokens"] == 12


def test_a_text_that_ran_out_of_tokens_says_so():
    with answering(says("Hello, my", finish="length")) as endpoint:
        assert ask(endpoint).is_cut


CHUNK = {"choices": [{"delta": {"content": "Hello"}, "finish_reason": None}]}
TOOL = {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}
PROBLEMS = {
    "no json": (sends(b"data: {]\n\n"), "garbage"),
    "other json": (sends(b"data: [1]\n\n"), "garbage"),
    "deep json": (sends(b"data: " + 100_000 * b"[" + b"\n\n"), "garbage"),
    "numbers": (sends(event({"choices": [{"delta": {"content": 7}}]})), "garbage"),
    "an error": (sends(event({"error": {"message": "no"}})), "garbage"),
    "a tool": (sends(event(TOOL)), "garbage"),
    "no choices": (sends(b"{}", kind="application/json"), "garbage"),
    "bytes": (sends(bytes(range(256)) * 40, kind="image/png"), "garbage"),
    "half a stream": (sends(event(CHUNK)), "cut"),
    "nothing": (sends(), "cut"),
    "500": (sends(b"out of memory", status=500), "refused"),
    "429": (sends(b"{}", status=429), "refused"),
    "a redirect": (sends(b"", status=302), "refused"),
    "10 MB": (floods(10), "too_large"),
    "10 MB in a line": (sends(b"data: " + bytes(10_000_000)), "too_large"),
    "10 MB of json": (
        sends(b'"' + 10_000_000 * b"x", kind="application/json"),
        "too_large",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_wrong_answer_is_an_error_in_bounded_memory(name):
    act, failure = PROBLEMS[name]
    with answering(act) as endpoint:
        tracemalloc.start()
        with pytest.raises(LanguageModelError) as caught:
            ask(endpoint)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert caught.value.failure == failure
    assert len(str(caught.value)) < 500
    # The server's own 10 MB were made before; 3 MB hold what is read of them.
    assert peak < 3e6 or "10 MB" in name and peak < 13e6


@pytest.mark.parametrize("way", ["hang", "trickle", "trickle_headers"])
def test_a_silent_or_slow_server_is_left_at_the_deadline(way):
    with answering(None) as endpoint:
        endpoint.act = getattr(endpoint, way)
        started = time.monotonic()
        with pytest.raises(LanguageModelError) as caught:
            ask(endpoint, seconds=0.6)
        took_s = time.monotonic() - started
    assert caught.value.failure == "deadline"
    assert 0.5 < took_s < 0.6 + LATE_S


def test_a_server_that_is_gone_is_unreachable():
    endpoint = Endpoint(says("Hello."))
    endpoint.close()
    with pytest.raises(LanguageModelError) as caught:
        ask(endpoint)
    assert caught.value.failure == "unreachable"


def test_a_key_goes_to_the_server_and_into_no_error(monkeypatch):
    monkeypatch.setenv("WORDS_KEY", KEY)
    with answering(sends(f"wrong key {KEY}".encode(), status=401)) as endpoint:
        model = OpenAIEndpoint(endpoint.url, "tiny", "WORDS_KEY")
        with pytest.raises(LanguageModelError) as caught:
            model.generate(QUESTION, max_tokens=1, deadline=in_s(5))
    assert endpoint.headers["authorization"] == f"Bearer {KEY}"
    assert "wrong key …" in str(caught.value)
    assert KEY not in str(caught.value) + repr(model)


def test_a_key_that_is_missing_or_would_be_plain_text_is_refused(monkeypatch):
    monkeypatch.delenv("WORDS_KEY", raising=False)
    with pytest.raises(ConfigError, match="`WORDS_KEY` of `words.api_key_env` must"):
        OpenAIEndpoint("https://example.com/v1", "tiny", "WORDS_KEY")
    monkeypatch.setenv("WORDS_KEY", KEY)
    with pytest.raises(ConfigError, match="`words.url` must begin with https"):
        OpenAIEndpoint("http://example.com/v1", "tiny", "WORDS_KEY")


@pytest.mark.parametrize(
    "url", ["", "example.com", "ftp://example.com", "http://", "http://x:y/", "//x"]
)
def test_what_is_no_url_is_refused(url):
    with pytest.raises(ConfigError, match="`words.url` must be the URL"):
        OpenAIEndpoint(url, "tiny")


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(ConfigError) as caught:
        OpenAIEndpoint("http://me:hidden@127.0.0.1/v1", "tiny")
    assert re.search("hidden", str(caught.value)) is None


def test_a_loopback_address_alone_is_local():
    urls = ["http://127.0.0.1:1/v1", "http://localhost/v1", "https://example.com/v1"]
    assert [OpenAIEndpoint(url, "m").is_local for url in urls] == [True, True, False]
