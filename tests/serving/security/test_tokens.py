"""Tests of token files and of rates, with a clock of our own."""

import logging

import pytest

from serving.security import rate_limit
from serving.security import tokens as module
from serving.security.rate_limit import RateLimit
from serving.security.tokens import Tokens
from tfrec.errors import ConfigError

FIRST, SECOND = "first-token-of-all", "second-token-of-all"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOOK_S", 0)
    path = tmp_path / "tokens"
    path.write_text(f"{FIRST}\n\n  {SECOND}  \n# {FIRST}x\n")
    return path


def test_tokens_are_found_by_number(path):
    tokens = Tokens(path)
    assert [tokens.find(t) for t in (FIRST, SECOND, f"# {FIRST}x", "", "\ud800")] == [
        *(0, 1),
        *(None, None, None),
    ]


def test_a_changed_file_is_read_again(path):
    tokens = Tokens(path)
    path.write_text("another-token-of-ours\n")
    assert tokens.find(FIRST) is None
    assert tokens.find("another-token-of-ours") == 0


@pytest.mark.parametrize("change", ["short\n", "", None])
def test_a_file_gone_wrong_leaves_the_tokens_of_before(path, caplog, change):
    tokens = Tokens(path)
    if change is None:
        path.unlink()
    else:
        path.write_text(change)
    with caplog.at_level(logging.ERROR):
        assert tokens.find(FIRST) == 0
    assert "The tokens of before stay." in caplog.text
    assert FIRST not in caplog.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Received: 0 tokens"),
        (b"short\n", "at least 16 letters"),
        (b"\xff" * 20, "not UTF-8"),
    ],
)
def test_wrong_files(path, content, words):
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        Tokens(path)
    path.unlink()
    with pytest.raises(ConfigError, match="No such file"):
        Tokens(path)


def test_a_bucket_fills_steadily():
    """Two a second: two at once, then one every half second."""
    now = 0.0
    limit = RateLimit(2, clock=lambda: now)
    assert [limit.allows("me") for _ in range(3)] == [True, True, False]
    now = 0.4
    assert not limit.allows("me")
    now = 0.6
    assert [limit.allows("me"), limit.allows("me")] == [True, False]
    now = 100.0
    assert [limit.allows("me") for _ in range(3)] == [True, True, False]


def test_clients_without_number_cost_no_memory(monkeypatch):
    monkeypatch.setattr(rate_limit, "MAX_CLIENTS", 2)
    limit = RateLimit(1, clock=lambda: 0.0)
    assert [limit.allows(client) for client in "aab"] == [True, False, True]
    assert limit.allows("c")  # "a" is forgotten now
    assert len(limit._buckets) == 2
