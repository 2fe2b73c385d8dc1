"""Tests of token files and of rates, with a clock of our own."""

import logging

import pytest

from serving.security import rate_limit
from serving.security.rate_limit import RateLimit
from serving.security.tokens import Role, Tokens
from tfrec import watched_file
from tfrec.errors import ConfigError

FIRST, SECOND = "first-token-of-all", "second-token-of-all"


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.setattr(watched_file, "LOOK_S", 0)
    path = tmp_path / "tokens"
    path.write_text(f"{FIRST}\n\n  {SECOND}  \n# {FIRST}x\n")
    return path


def find(tokens, token):
    """Number and role, once a changed file has come to rest."""
    known = [tokens.find(token) for _ in range(3)][-1]
    return known and (known.number, known.role)


def test_tokens_are_found_by_number(path):
    tokens = Tokens(path)
    assert [find(tokens, t) for t in (FIRST, SECOND)] == [(0, Role.ASK), (1, Role.ASK)]
    others = (f"# {FIRST}x", "", "\ud800", f"{FIRST} ", FIRST[:-1])
    assert [find(tokens, t) for t in others] == [None] * 5


def test_roles_stand_behind_tokens(path):
    path.write_text(f"{FIRST} admin\n{SECOND}\twrite\nthird-token-of-all ask")
    tokens = Tokens(path)
    roles = [find(tokens, t)[1] for t in (FIRST, SECOND, "third-token-of-all")]
    assert roles == [Role.ADMIN, Role.WRITE, Role.ASK]
    assert Role.ASK < Role.WRITE < Role.ADMIN


def test_a_changed_file_is_read_again(path):
    tokens = Tokens(path)
    path.write_text("another-token-of-ours write\n")
    assert find(tokens, FIRST) is None
    assert find(tokens, "another-token-of-ours") == (0, Role.WRITE)


def test_a_file_that_is_being_written_is_left_alone(path):
    """It is read when two looks have found it the same."""
    tokens = Tokens(path)
    path.write_text("half-of-another-tok")
    assert tokens.find(FIRST)
    path.write_text("half-of-another-token-is-no-token")
    assert tokens.find(FIRST)
    assert not tokens.find("half-of-another-tok")
    assert tokens.find("half-of-another-token-is-no-token")


@pytest.mark.parametrize("change", ["short\n", "", f"{FIRST} king", None])
def test_a_file_gone_wrong_leaves_the_tokens_of_before(path, caplog, change):
    tokens = Tokens(path)
    if change is None:
        path.unlink()
    else:
        path.write_text(change)
    with caplog.at_level(logging.WARNING):
        assert find(tokens, FIRST) == (0, Role.ASK)
        assert find(tokens, SECOND) == (1, Role.ASK)
    assert "Its previous content stays in use." in caplog.text
    assert FIRST not in caplog.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Received: 0 tokens"),
        (b"short\n", "at least 16 letters"),
        (b"\xff" * 20, "not UTF-8"),
        (FIRST.encode() + b" king", "the role one of ask, write, admin. Token 1 has"),
        (FIRST.encode() + b" ask write", "Token 1 has another"),
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
