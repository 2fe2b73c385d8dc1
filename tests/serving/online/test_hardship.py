"""Tests of the consumer in hard times: poison, wrong clocks, huge users, no store."""

import json
import random
import threading

import pytest

from serving.stream import consume as consuming
from serving.stream.consume import consume
from serving.stream.jsonl import JsonlSource
from serving.stream.metrics import ConsumerMetrics, answering
from serving.user_states.memory import MemoryStates
from serving.user_states.sqlite import SqliteStates
from serving.user_states.state import MAX_EVENTS
from serving.user_states.state_codec import encode_state
from serving.user_states.store import StoreError, StoreFullError
from tests.contracts.user_states import event
from tests.serving.online.full_disk import allow_pages
from tests.serving.online.gateway_process import Http, eventually

POISON = ["{", '{"user_id": "ann"}', "null", '{"timestamp": "soon"}', "\udcff"]


def consume_lines(path, lines, states, metrics=None, stopped=None):
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    source = JsonlSource(path, threading.Event())
    try:
        return consume(source, states, metrics, stopped)
    finally:
        source.close()


def line(n, users=20):
    """The nth event of a log."""
    fields = {"user_id": f"user {n % users}", "item_id": f"item {n % 97}"}
    return json.dumps(fields | {"timestamp": n})


def is_replay_of(states, lines, users=20):
    replay = MemoryStates()
    replay.append([event(**json.loads(each)) for each in lines])
    names = [f"user {n}" for n in range(users)]
    return all(states.get(name) == replay.get(name) for name in names)


def test_one_percent_of_poison_costs_nothing_else(tmp_path):
    good = [line(n) for n in range(4950)]
    rng, lines = random.Random(0), list(good)
    for n in range(50):
        lines.insert(rng.randrange(len(lines)), POISON[n % 5])
    states = MemoryStates()
    done = consume_lines(tmp_path / "log.jsonl", lines, states)
    assert (done.accepted, done.duplicates, done.poison) == (4950, 0, 50)
    assert is_replay_of(states, good)
    aside = (tmp_path / "log.jsonl.rejected.jsonl").read_text().splitlines()
    places = [int(json.loads(each)["place"].rpartition(":")[2]) for each in aside]
    bad = [n for n, each in enumerate(lines, start=1) if each in POISON]
    assert places == bad


def test_wrong_clocks_lose_nothing(tmp_path):
    """Each user's clock is fast or slow by up to a year; some events come twice."""
    rng = random.Random(0)
    skews = [rng.randrange(-31_536_000, 31_536_000) for _ in range(20)]
    rows = [json.loads(line(n + 10**9)) for n in range(2000)]
    for n, row in enumerate(rows):
        row["timestamp"] += skews[n % 20]
    lines = [json.dumps(row) for row in rows]
    shuffled = lines + rng.sample(lines, 200)
    rng.shuffle(shuffled)
    states = MemoryStates()
    done = consume_lines(tmp_path / "log.jsonl", shuffled, states)
    assert (done.accepted, done.duplicates) == (2000, 200)
    assert is_replay_of(states, lines)


@pytest.mark.slow
def test_a_user_with_a_million_events(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    lines = [line(n, users=1) for n in range(1_000_000)]
    done = consume_lines(tmp_path / "log.jsonl", lines, states)
    assert done.accepted == 1_000_000
    state = states.get("user 0")
    assert state.version == 1_000_000
    latest = [each.timestamp for each in state.events]
    assert latest == list(range(1_000_000 - MAX_EVENTS, 1_000_000))
    assert len(encode_state(state)) < 100 * MAX_EVENTS
    states.close()


def test_a_store_that_is_away_makes_the_consumer_unwell(tmp_path, monkeypatch):
    monkeypatch.setattr(consuming, "LONGEST_WAIT_S", 0.01)
    monkeypatch.setattr(consuming, "FIRST_WAIT_S", 0.01)
    is_away = threading.Event()
    is_away.set()

    class Away(MemoryStates):
        def append(self, events):
            if is_away.is_set():
                raise StoreError("The store is away.")
            return super().append(events)

    states, metrics = Away(), ConsumerMetrics(lambda: 7)
    lines = [line(n) for n in range(100)]
    work = (tmp_path / "log.jsonl", lines, states, metrics)
    thread = threading.Thread(target=consume_lines, args=work)
    thread.start()
    with answering(metrics, 0) as port:
        ask = Http(port)
        away = {"status": "degraded", "store": "The store is away."}
        eventually(lambda: ask("GET", "/health") == (503, away))
        is_away.clear()
        thread.join()
        assert ask("GET", "/health") == (200, {"status": "ok", "store": "ok"})
        told = ask("GET", "/metrics")[1].splitlines()
        assert ask("GET", "/")[0] == 404
    assert 'tfrec_consumer_events_total{outcome="accepted"} 100.0' in told
    assert "tfrec_consumer_batch_seconds_count 2.0" in told  # the last one is empty
    assert "tfrec_consumer_lag 7.0" in told
    assert is_replay_of(states, lines)


def test_a_full_disk_and_an_end_lose_nothing(tmp_path):
    states = SqliteStates(tmp_path / "states.db")
    allow_pages(states, 2)
    lines, stopped = [line(n) for n in range(3000)], threading.Event()
    stopped.set()
    with pytest.raises(StoreFullError, match="full"):
        consume_lines(tmp_path / "log.jsonl", lines, states, stopped=stopped)
    allow_pages(states, 10_000)
    done = consume_lines(tmp_path / "log.jsonl", lines, states)
    assert done.accepted + done.duplicates == 3000
    assert is_replay_of(states, lines)
    states.close()


def test_consuming_is_timed():
    metrics = ConsumerMetrics(lambda: 0)
    metrics.observe(1, 2, 3, 0.02)
    told = metrics.answer("/metrics")[2].decode()
    assert 'tfrec_consumer_batch_seconds_bucket{le="0.025"} 1.0' in told
    assert 'tfrec_consumer_batch_seconds_bucket{le="0.01"} 0.0' in told
