"""Tests of serving.user_states: the contract, and what each store adds."""

import concurrent.futures
import contextlib
import re
import sqlite3
import threading
import time

import pytest

from serving.user_states import sqlite as sqlite_store
from serving.user_states.memory import MemoryStates
from serving.user_states.opening import open_states
from serving.user_states.redis import RedisStates
from serving.user_states.redis_outbox import OWNER
from serving.user_states.sqlite import SqliteStates
from serving.user_states.state_codec import StateError
from serving.user_states.store import StoreError, StoreFullError
from tests.contracts.outbox import OutboxContract
from tests.contracts.user_states import UserStatesContract, event, timestamps
from tests.serving.online.full_disk import allow_pages
from tests.serving.online.gateway_process import eventually
from tests.serving.online.redis_server import RedisServer
from tfrec.errors import ConfigError


class TestMemoryStates(OutboxContract, UserStatesContract):
    @pytest.fixture(autouse=True)
    def _one_store(self):
        self._states = MemoryStates()

    def reopen(self):
        return self._states  # there is no other way to the same memory


class TestSqliteStates(OutboxContract, UserStatesContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self._path = tmp_path / "states.db"

    def reopen(self):
        return SqliteStates(self._path)

    def let_lease_pass(self):
        with contextlib.closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("UPDATE outbox_batch SET until = until - 3600")


class TestRedisStates(OutboxContract, UserStatesContract):
    @pytest.fixture(autouse=True)
    def _server(self, redis_server):
        self._url = redis_server.url
        redis_client(redis_server.url).flushall()

    def reopen(self):
        return RedisStates(self._url)

    def let_lease_pass(self):
        redis_client(self._url).delete(OWNER)


def redis_client(url):
    import redis

    return redis.Redis.from_url(url)


@pytest.mark.parametrize(
    "url",
    ["", "states.db", "sqlite:states.db", "sqlite:///", "memory:x", "mysql://h/db"],
)
def test_other_urls(url):
    words = f"must be sqlite:///PATH, redis://HOST:PORT/0 or memory:. Received: {url!r}"
    with pytest.raises(ConfigError, match=re.escape(words)):
        open_states(url)


@pytest.mark.parametrize(
    "url",
    [
        "reddis://:secret@host:6379/0",
        "redis://:sec/ret@host:6379/0",
        "redis://:12#secret@host:6379/0",
        "redis://:?secret@host:6379/0",
        "redis://name:secret@host:port/0",
        "redis://:secret@host:6379/0?ttl_s=never",
        "redis://[::1/0?password=secret",
        "rediss://host:port/0?password=secret",
    ],
)
def test_wrong_urls_keep_their_password(url):
    with pytest.raises(ConfigError) as caught:
        open_states(url)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None or caught.value.__suppress_context__


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A Redis that wants the password "se/cret"."""
    folder = tmp_path_factory.mktemp("guarded")
    server = RedisServer(folder, "--requirepass", "se/cret")
    yield server
    server.kill()


def test_redis_with_a_password(guarded, caplog):
    place = f"127.0.0.1:{guarded.port}/0"
    states = open_states(f"redis://:se%2Fcret@{place}")
    assert states.append([event("ann", 1)]).accepted == 1
    redis_client(f"redis://:se%2Fcret@{place}").config_set("appendfsync", "no")
    assert "cret" not in repr(vars(states)) + repr(states)
    open_states(f"redis://:se%2Fcret@{place}").close()
    states.close()
    for url in (f"redis://:sesame@{place}", f"redis://{place}?password=sesame"):
        with pytest.raises(StoreError, match="(?i)password") as caught:
            open_states(url)
        assert "sesame" not in str(caught.value)
    (record,) = caplog.records
    assert f"Redis at 127.0.0.1:{guarded.port} has" in record.message


def test_urls(tmp_path, monkeypatch, redis_server):
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///here.db", f"sqlite:///{tmp_path}/there.db", "memory:"):
        with_one = open_states(url)
        with_one.append([event("ann", 1)])
        assert with_one.get("ann").version == 1
        with_one.close()
    assert {"here.db", "there.db"} <= {path.name for path in tmp_path.iterdir()}
    open_states(redis_server.url).close()


def test_sqlite_says_what_it_cannot_open(tmp_path):
    with pytest.raises(StoreError, match="none.states.db: unable to open"):
        SqliteStates(tmp_path / "none" / "states.db")
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        SqliteStates(tmp_path / "text.db")


def test_a_full_disk_applies_nothing(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    states.append([event("ann", 1)])
    allow_pages(states, 0)
    with pytest.raises(StoreFullError, match="states.db: database or disk is full"):
        states.append([event("ann", 2), *(event(f"u{n}", n) for n in range(1000))])
    assert timestamps(states.get("ann")) == [1]
    assert states.get("u0").version == 0
    assert states.levels([""], ["a"])["a"].fast_count(1) == pytest.approx(1)
    allow_pages(states, 1000)
    assert states.append([event("ann", 2)]).accepted == 1
    states.close()


def test_sqlite_commits_to_the_disk(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    full = 2
    with states._connection() as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (full,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    states.close()


def test_sqlite_keeps_no_trace_of_the_forgotten(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    states.append([event("a-secret-user", 1, text="a-secret-text"), event("bob", 1)])
    states.forget("a-secret-user")
    files = [path.read_bytes() for path in tmp_path.iterdir()]
    assert not any(b"a-secret" in content for content in files)
    states.close()


def test_sqlite_waits_for_another_process(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    other = sqlite3.connect(
        tmp_path / "states.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, other.execute, ["COMMIT"]).start()
    assert states.append([event("ann", 1)]).accepted == 1
    states.close()
    other.close()


def test_sqlite_files_of_before_get_the_table_of_counts(tmp_path):
    path = tmp_path / "states.db"
    states = SqliteStates(path)
    states.append([event("ann", 1)])
    states.close()
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.execute("DROP TABLE counts")
    states = SqliteStates(path)
    assert states.counted_kinds() == []
    states.append([event("ann", 1), event("ann", 2)])
    (levels,) = states.levels([""], ["a"]).values()
    assert levels.fast_count(2) == pytest.approx(1)
    states.close()


@pytest.fixture
def crowd(tmp_path):
    """Runs appends in threads that all wait for the disk at the same time.

    The first waits for another process, the others for the first; gives what each
    returned or raised, and the number of commits.
    """
    states = SqliteStates(tmp_path / "states.db")
    other = sqlite3.connect(tmp_path / "states.db", isolation_level=None)
    commits = []

    def run(batches):
        states._idle[0].set_trace_callback(
            lambda line: line == "COMMIT" and commits.append(line)
        )
        other.execute("BEGIN IMMEDIATE")
        with concurrent.futures.ThreadPoolExecutor(len(batches)) as pool:
            calls = [pool.submit(states.append, batches[0])]
            eventually(lambda: not states._idle)  # it has taken the connection
            calls += [pool.submit(states.append, batch) for batch in batches[1:]]
            eventually(lambda: len(states._waiting) == len(batches) - 1)
            other.execute("COMMIT")
        return [call.exception() or call.result() for call in calls], len(commits)

    run.states, run.other = states, other
    yield run
    other.close()
    states.close()


def test_sqlite_threads_that_wait_share_a_commit(crowd):
    batches = [[event("ann", n), event(f"user {n}", n)] for n in range(8)]
    results, commits = crowd(batches)
    assert commits == 2  # the first thread's, and one for the other seven
    assert {result.accepted for result in results} == {2}
    versions = [result.versions["ann"] for result in results]
    assert sorted(versions) == list(range(1, 9))
    assert timestamps(crowd.states.get("ann")) == list(range(8))


def test_sqlite_a_damaged_state_fails_its_own_writer_only(crowd):
    crowd.other.execute("INSERT INTO states VALUES ('bob', x'ff')")
    batches = [[event("ann", 1)], [event("bob", 1), event("cid", 1)], [event("dan", 1)]]
    (first, damaged, last), _ = crowd(batches)
    assert first.accepted == last.accepted == 1
    assert isinstance(damaged, StateError)
    assert crowd.states.get("cid").version == 0  # all or none
    assert crowd.states.get("dan").version == 1


def test_sqlite_all_who_share_a_failed_commit_are_told(crowd, monkeypatch):
    def fail(*_):
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(sqlite_store, "_read", fail)
    results, _ = crowd([[event("ann", n)] for n in range(4)])
    assert [type(result) for result in results] == [StoreError] * 4
    monkeypatch.undo()
    assert crowd.states.get("ann").version == 0


def test_redis_states_expire(redis_server):
    states = RedisStates(f"{redis_server.url}?ttl_s=1")
    states.append([event("short-lived", 1)])
    assert states.get("short-lived").version == 1
    deadline = time.monotonic() + 10
    while states.get("short-lived").version and time.monotonic() < deadline:
        time.sleep(0.05)
    assert states.get("short-lived").version == 0
    states.close()


@pytest.mark.parametrize("ttl_s", ["0", "-1", "week"])
def test_ttl_must_be_seconds(ttl_s):
    with pytest.raises(ConfigError, match="`ttl_s` must be whole seconds, at least 1"):
        RedisStates(f"redis://127.0.0.1:1/0?ttl_s={ttl_s}")


def test_redis_that_is_not_there_is_named_without_its_password():
    with pytest.raises(StoreError, match="Redis at 127.0.0.1:1: ") as caught:
        RedisStates("redis://ann:secret@127.0.0.1:1/0")
    assert "secret" not in str(caught.value)


def test_redis_survives_kill_9(tmp_path):
    server = RedisServer(tmp_path)
    states = RedisStates(server.url)
    states.append([event("ann", t) for t in range(10)])
    server.kill()
    with pytest.raises(StoreError, match="Redis at"):
        states.append([event("ann", 99)])
    server.restart()
    assert states.append([event("ann", 5), event("ann", 10)]).duplicates == 1
    assert timestamps(states.get("ann")) == list(range(11))
    states.close()
    server.kill()


def test_redis_without_room_applies_nothing(redis_server):
    states, client = RedisStates(redis_server.url), redis_client(redis_server.url)
    client.config_set("maxmemory", 1)
    with pytest.raises(StoreFullError, match="not allowed when used memory"):
        states.append([event("full", 1, "heavy"), event("full too", 1, "heavy")])
    client.config_set("maxmemory", 0)
    assert states.get("full").version == states.get("full too").version == 0
    assert states.levels([""], ["heavy"]) == {}
    states.close()


def test_redis_that_may_lose_events_says_so(redis_server, caplog):
    client = redis_client(redis_server.url)
    client.config_set("appendfsync", "everysec")
    RedisStates(redis_server.url).close()
    client.config_set("appendfsync", "always")
    assert "appendonly yes and appendfsync everysec: it may lose" in caplog.text
